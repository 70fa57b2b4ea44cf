//! The hash tree over a root file system (dm-verity, hash type 1), computed
//! from what is on the disk: the proof that a slot holds what was signed.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};
use initramfs_init::root_hash::RootHash;
use initramfs_init::verity::{BLOCK_BYTES, SUPERBLOCK_BYTES, Superblock};

const BLOCK: usize = BLOCK_BYTES as usize;
const HASH: usize = 32;
/// How many blocks are read at a time.
const BLOCKS_AT_A_TIME: usize = 256;

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

/// Reads a root file system and its hash tree back, and compares both with the
/// root hash.
///
/// # Errors
///
/// If they are not what it says.
pub fn verify(data: &Path, hashes: &Path, root_hash: RootHash) -> Result<(), Error> {
    let device = || hashes.display().to_string();
    let mut tree = files::at("open", hashes, File::open(hashes))?;
    let mut first = [0; BLOCK];
    files::at("read", hashes, tree.read_exact(&mut first))?;
    let superblock = Superblock::parse(&first[..SUPERBLOCK_BYTES]).map_err(|source| {
        let device = device();
        Error::Superblock { device, source }
    })?;

    let source = files::at("open", data, File::open(data))?;
    let leaves = files::at("read", data, leaves(&source, &superblock))?;
    // One block needs no tree: its hash is the root.
    let mut levels = match superblock.data_blocks {
        1 => Vec::new(),
        _ => vec![padded(leaves.clone())],
    };
    while levels.last().is_some_and(|level| level.len() > BLOCK) {
        let below = levels.last().map_or(&[][..], Vec::as_slice);
        let above = padded(
            below
                .chunks(BLOCK)
                .flat_map(|block| digest(&superblock.salt, block))
                .collect(),
        );
        levels.push(above);
    }
    // On the disk the top comes first.
    for level in levels.iter().rev() {
        let mut found = vec![0; level.len()];
        files::at("read", hashes, tree.read_exact(&mut found))?;
        if found != *level {
            return Err(Error::Tree { device: device() });
        }
    }
    let top = levels.last().map(|top| digest(&superblock.salt, top));
    let found = match top {
        Some(hash) => hash,
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

/// The hashes of all blocks of data. Each processor has a part of them.
fn leaves(data: &File, superblock: &Superblock) -> io::Result<Vec<u8>> {
    let workers = std::thread::available_parallelism().map_or(1, |n| n.get() as u64);
    let blocks = superblock.data_blocks;
    let share = blocks.div_ceil(workers).max(1);
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..blocks)
            .step_by(share as usize)
            .map(|first| first..blocks.min(first + share))
            .map(|part| scope.spawn(move || leaves_of(data, part, &superblock.salt)))
            .collect();
        let mut hashes = Vec::new();
        for part in parts {
            match part.join() {
                Ok(part) => hashes.extend(part?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(hashes)
    })
}

fn leaves_of(data: &File, blocks: Range<u64>, salt: &[u8]) -> io::Result<Vec<u8>> {
    let mut hashes = Vec::new();
    let mut piece = vec![0; BLOCKS_AT_A_TIME * BLOCK];
    let mut next = blocks.start;
    while next < blocks.end {
        let count = BLOCKS_AT_A_TIME.min((blocks.end - next) as usize);
        let piece = &mut piece[..count * BLOCK];
        data.read_exact_at(piece, next * BLOCK_BYTES)?;
        hashes.extend(piece.chunks(BLOCK).flat_map(|block| digest(salt, block)));
        next += count as u64;
    }
    Ok(hashes)
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
