//! The superblock in front of a dm-verity hash tree, as `veritysetup format`
//! writes it (version 1), and the device-mapper table made from it.
//!
//! The superblock is not signed. That is no hole: the root hash binds the
//! tree, so a wrong salt or size leads to a hash that does not match, never to
//! data that were not signed. Reading it strictly gives a readable reason
//! instead.

use crate::root_hash::{RootHash, encode_hex};

/// Bytes of the superblock; the hash tree starts at the next whole block.
pub const SUPERBLOCK_BYTES: usize = 512;

/// Bytes of a block, of data and of hashes; other sizes are refused.
pub const BLOCK_BYTES: u64 = 4096;

/// SHA-256 hashes in one block of the tree.
const HASHES_PER_BLOCK: u64 = BLOCK_BYTES / 32;

/// What a superblock says, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superblock {
    /// The identity of this tree.
    pub uuid: [u8; 16],
    /// Blocks of data, each [`BLOCK_BYTES`] long; never zero.
    pub data_blocks: u64,
    /// Put in front of each block before it is hashed; at most 256 bytes.
    pub salt: Vec<u8>,
}

/// Why a superblock is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not start with the signature.
    #[error("it has no verity superblock")]
    Signature,
    /// It ends early.
    #[error("it is cut off after {0} bytes of 512")]
    Truncated(usize),
    /// A field holds a value that this system does not use.
    #[error("its verity superblock has {field} {found}, but must have {expected}")]
    Field {
        /// The name of the field.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What this system writes.
        expected: &'static str,
    },
    /// More data than the partition holds.
    #[error(
        "its verity superblock covers {blocks} blocks of data, but the data partition has {room}"
    )]
    DataSize {
        /// Blocks covered.
        blocks: u64,
        /// Blocks in the partition.
        room: u64,
    },
    /// A larger tree than the partition holds.
    #[error("its hash tree takes {blocks} blocks, but the partition has {room}")]
    TreeSize {
        /// Blocks of superblock and tree.
        blocks: u64,
        /// Blocks in the partition.
        room: u64,
    },
}

impl Superblock {
    /// Reads a superblock from the first bytes of the hash partition.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let bytes = bytes
            .get(..SUPERBLOCK_BYTES)
            .ok_or(Error::Truncated(bytes.len()))?;
        if &bytes[..8] != b"verity\0\0" {
            return Err(Error::Signature);
        }
        expect("version", u32_at(bytes, 8).into(), 1, "1")?;
        // Type 0 is the tree of the early Chrome OS format.
        expect("hash type", u32_at(bytes, 12).into(), 1, "1")?;
        let algorithm = &bytes[32..64];
        if algorithm.strip_prefix(b"sha256") != Some(&[0; 26]) {
            let end = algorithm.iter().rposition(|byte| *byte != 0);
            let name = &algorithm[..end.map_or(0, |last| last + 1)];
            return Err(Error::Field {
                field: "algorithm",
                found: name.escape_ascii().to_string(),
                expected: "sha256",
            });
        }
        expect(
            "data block size",
            u32_at(bytes, 64).into(),
            BLOCK_BYTES,
            "4096",
        )?;
        expect(
            "hash block size",
            u32_at(bytes, 68).into(),
            BLOCK_BYTES,
            "4096",
        )?;
        let data_blocks = u64::from_le_bytes(array(bytes, 72));
        if data_blocks == 0 || data_blocks > u64::MAX / BLOCK_BYTES {
            return Err(Error::Field {
                field: "data blocks",
                found: data_blocks.to_string(),
                expected: "at least 1 and a possible number of them",
            });
        }
        let salt_bytes = usize::from(u16::from_le_bytes(array(bytes, 80)));
        if salt_bytes > 256 {
            return Err(Error::Field {
                field: "salt size",
                found: salt_bytes.to_string(),
                expected: "at most 256",
            });
        }
        let (salt, behind) = bytes[88..].split_at(salt_bytes);
        if bytes[82..88].iter().chain(behind).any(|byte| *byte != 0) {
            return Err(Error::Field {
                field: "padding",
                found: "other bytes".to_owned(),
                expected: "zeros",
            });
        }
        Ok(Self {
            uuid: array(bytes, 16),
            data_blocks,
            salt: salt.to_vec(),
        })
    }

    /// Refuses a superblock that does not fit its partitions; sizes in bytes.
    pub fn check_sizes(&self, data_partition: u64, hash_partition: u64) -> Result<(), Error> {
        let room = data_partition / BLOCK_BYTES;
        if self.data_blocks > room {
            return Err(Error::DataSize {
                blocks: self.data_blocks,
                room,
            });
        }
        let blocks = self.tree_blocks() + 1;
        let room = hash_partition / BLOCK_BYTES;
        if blocks > room {
            return Err(Error::TreeSize { blocks, room });
        }
        Ok(())
    }

    /// Blocks of the hash tree: one hash per data block, in whole blocks, then
    /// one hash per block of that level, up to a single block.
    fn tree_blocks(&self) -> u64 {
        let mut total = 0;
        let mut level = self.data_blocks;
        while level > 1 {
            level = level.div_ceil(HASHES_PER_BLOCK);
            total += level;
        }
        total
    }

    /// Length of the verified device in sectors of 512 bytes.
    pub fn sectors(&self) -> u64 {
        self.data_blocks * (BLOCK_BYTES / 512)
    }

    /// The parameters of the `verity` target (the kernel's
    /// `admin-guide/device-mapper/verity.rst`); devices as paths.
    ///
    /// A corrupt block is a kernel panic, not a read error: the machine
    /// restarts and the boot counter moves on to the other slot.
    pub fn table(&self, root_hash: &RootHash, data_device: &str, hash_device: &str) -> String {
        let salt = match self.salt.as_slice() {
            [] => "-".to_owned(),
            salt => encode_hex(salt),
        };
        format!(
            "1 {data_device} {hash_device} {BLOCK_BYTES} {BLOCK_BYTES} {} 1 sha256 {root_hash} \
             {salt} 1 panic_on_corruption",
            self.data_blocks
        )
    }

    /// The device-mapper identity that tools know a verity device by.
    pub fn device_uuid(&self) -> String {
        format!("CRYPT-VERITY-{}-root", encode_hex(&self.uuid))
    }
}

fn expect(
    field: &'static str,
    found: u64,
    wanted: u64,
    expected: &'static str,
) -> Result<(), Error> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::Field {
        field,
        found: found.to_string(),
        expected,
    })
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array(bytes, offset))
}

/// `N` bytes at an offset that lies within the superblock.
fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[offset + index])
}
