//! What can happen to a disk.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::image::Image;

/// Where EROFS has its superblock, in bytes.
const SUPERBLOCK: u64 = 1024;

/// Size of a block of the root and of its hash tree in bytes.
const BLOCK: u64 = 4096;

/// Flips one bit at each position; done twice, nothing has changed.
pub fn flip_bits(disk: &Path, positions: &[u64]) -> Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(disk)?;
    for &position in positions {
        let mut byte = [0];
        file.read_exact_at(&mut byte, position)?;
        byte[0] ^= 1;
        file.write_all_at(&byte, position)?;
    }
    Ok(())
}

/// Positions on a disk that is laid out as that of `image`, by what is there;
/// of the slot with that letter. The root does not come up with one of them
/// flipped.
pub fn vital_positions(
    image: &Image,
    disk: &Path,
    slot: char,
) -> Result<[(&'static str, Vec<u64>); 3]> {
    let root = image.partition_offset(&format!("ROOT-{slot}"))?;
    let hash = image.partition_offset(&format!("HASH-{slot}"))?;
    let blocks = erofs_blocks(disk, root)?;
    // One bit in each eighth block behind the first ones: the root can be
    // mounted, but sooner or later a program is needed.
    let files = (16..blocks).step_by(8).map(|n| root + n * BLOCK + 99);
    Ok([
        // A byte that nothing looks at, in the first block that is read.
        ("superblock", vec![root + SUPERBLOCK + 127]),
        ("files", files.collect()),
        // The top of the tree, in the block after its superblock.
        ("hash-tree", vec![hash + BLOCK]),
    ])
}

/// Number of blocks of the EROFS at a position, from its superblock.
fn erofs_blocks(disk: &Path, start: u64) -> Result<u64> {
    const MAGIC: [u8; 4] = 0xe0f5_e1e2_u32.to_le_bytes();
    const BLOCK_BITS: u8 = 12;
    let mut superblock = [0; 128];
    File::open(disk)?.read_exact_at(&mut superblock, start + SUPERBLOCK)?;
    ensure!(superblock[..4] == MAGIC, "no EROFS at {start}");
    ensure!(
        superblock[12] == BLOCK_BITS,
        "its blocks have not {BLOCK} bytes"
    );
    let mut blocks = [0; 4];
    blocks.copy_from_slice(&superblock[36..40]);
    Ok(u32::from_le_bytes(blocks).into())
}

/// Runs a program of mtools on the file system at a position of a disk.
pub fn mtools(program: &str, disk: &Path, position: u64, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .arg("-i")
        .arg(format!("{}@@{position}", disk.display()))
        .args(arguments)
        .output()
        .with_context(|| format!("failed to run {program}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments:?}: {errors}");
    Ok(())
}
