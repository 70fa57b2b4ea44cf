//! The hash tree over a root file system (dm-verity, hash type 1), computed
//! from what is on the disk: the proof that a slot holds what was signed.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use initramfs_init::root_hash::RootHash;
use initramfs_init::verity::{BLOCK_BYTES, SUPERBLOCK_BYTES, Superblock};
use rustix::fs::{Advice, fadvise};

const BLOCK: usize = BLOCK_BYTES as usize;
const HASH: usize = 32;
/// How many blocks are read at a time.
const BLOCKS_AT_A_TIME: usize = 256;
/// How many blocks are written before they are brought to the disk and read back
/// (8 MiB): each time the disk has to empty its own memory.
const BLOCKS_BEHIND: u64 = 2048;

/// Why a slot does not hold what it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// There is no tree.
    #[error("{device}: {source}")]
    Superblock {
        /// The partition.
        device: String,
        /// What is wrong.
        source: initramfs_init::verity::Error,
    },
    /// The tree is not that of the data.
    #[error("{device} does not hold the hash tree of the root file system beside it")]
    Tree {
        /// The partition.
        device: String,
    },
    /// Both are those of another version.
    #[error("the root hash is {found}, but must be {expected}")]
    RootHash {
        /// What was computed.
        found: RootHash,
        /// What was signed.
        expected: RootHash,
    },
}

/// A hash tree on the disk, and what it says of the data.
#[derive(Debug)]
pub struct Tree {
    device: PathBuf,
    file: File,
    superblock: Superblock,
}

/// The hashes of blocks of data, one after the other.
#[derive(Debug)]
pub struct Leaves(Vec<u8>);

impl Tree {
    /// Reads its superblock.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn open(device: &Path) -> Result<Self, Error> {
        let mut file = files::at("open", device, File::open(device))?;
        let mut first = [0; BLOCK];
        files::at("read", device, file.read_exact(&mut first))?;
        match Superblock::parse(&first[..SUPERBLOCK_BYTES]) {
            Ok(superblock) => Ok(Self {
                device: device.to_owned(),
                file,
                superblock,
            }),
            Err(source) => Err(Error::Superblock {
                device: device.display().to_string(),
                source,
            }),
        }
    }

    /// Hashes data while they are written: `written` tells up to which byte they are.
    /// They are read from the disk, not from memory.
    ///
    /// # Errors
    ///
    /// If they cannot be written to the disk or read from there.
    pub fn leaves(
        &self,
        data: &File,
        written: impl IntoIterator<Item = u64>,
    ) -> io::Result<Leaves> {
        let all = self.superblock.data_blocks;
        let mut hashes = Vec::new();
        let mut piece = vec![0; BLOCKS_AT_A_TIME * BLOCK];
        let mut next = 0;
        for bytes in written {
            let end = all.min(bytes / BLOCK_BYTES);
            let is_enough = end == all || end - next >= BLOCKS_BEHIND;
            if end == next || !is_enough {
                continue;
            }
            settle(data, next..end)?;
            while next < end {
                let count = BLOCKS_AT_A_TIME.min((end - next) as usize);
                let piece = &mut piece[..count * BLOCK];
                data.read_exact_at(piece, next * BLOCK_BYTES)?;
                let blocks = piece.chunks(BLOCK);
                hashes.extend(blocks.flat_map(|block| digest(&self.superblock.salt, block)));
                next += count as u64;
            }
        }
        Ok(Leaves(hashes))
    }

    /// Compares the tree with what it should be over these leaves, and its root hash
    /// with the one that was signed.
    ///
    /// # Errors
    ///
    /// If one of them is another one.
    pub fn compare(mut self, leaves: Leaves, root_hash: RootHash) -> Result<(), Error> {
        let Leaves(leaves) = leaves;
        let salt = &self.superblock.salt;
        let other = || Error::Tree {
            device: self.device.display().to_string(),
        };
        if leaves.len() as u64 != self.superblock.data_blocks * HASH as u64 {
            return Err(other());
        }
        // One block needs no tree: its hash is the root.
        let mut levels = match self.superblock.data_blocks {
            1 => Vec::new(),
            _ => vec![padded(leaves.clone())],
        };
        while levels.last().is_some_and(|level| level.len() > BLOCK) {
            let below = levels.last().map_or(&[][..], Vec::as_slice);
            let blocks = below.chunks(BLOCK);
            let above = padded(blocks.flat_map(|block| digest(salt, block)).collect());
            levels.push(above);
        }
        // On the disk the top comes first.
        for level in levels.iter().rev() {
            let mut found = vec![0; level.len()];
            files::at("read", &self.device, self.file.read_exact(&mut found))?;
            if found != *level {
                return Err(other());
            }
        }
        let found = match levels.last() {
            Some(top) => digest(salt, top),
            None => array(&leaves),
        };
        let found = RootHash::from(found);
        if found != root_hash {
            return Err(Error::RootHash {
                found,
                expected: root_hash,
            });
        }
        Ok(())
    }
}

/// Reads a root file system and its hash tree back, and compares both with the
/// root hash.
///
/// # Errors
///
/// If they are not what it says.
pub fn verify(data: &Path, hashes: &Path, root_hash: RootHash) -> Result<(), Error> {
    let tree = Tree::open(hashes)?;
    let file = files::at("open", data, File::open(data))?;
    let leaves = files::at("read", data, tree.leaves(&file, [u64::MAX]))?;
    tree.compare(leaves, root_hash)
}

/// Brings blocks to the disk, and out of memory.
fn settle(data: &File, blocks: Range<u64>) -> io::Result<()> {
    data.sync_data()?;
    let bytes = (blocks.end - blocks.start) * BLOCK_BYTES;
    let start = blocks.start * BLOCK_BYTES;
    Ok(fadvise(
        data,
        start,
        NonZeroU64::new(bytes),
        Advice::DontNeed,
    )?)
}

/// Levels are whole blocks.
fn padded(mut level: Vec<u8>) -> Vec<u8> {
    level.resize(level.len().next_multiple_of(BLOCK), 0);
    level
}

fn digest(salt: &[u8], block: &[u8]) -> [u8; HASH] {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(block);
    array(context.finish().as_ref())
}

/// A hash that is known to be one.
fn array(bytes: &[u8]) -> [u8; HASH] {
    let mut hash = [0; HASH];
    hash.copy_from_slice(bytes);
    hash
}
