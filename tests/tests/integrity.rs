//! A disk that was tampered with does not boot.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::{BOOT, Image, direct, direct_with, disk, machine};
use vm::{Boot, Disk, Node};

/// How long until the kernel gives up; a boot to init takes half a minute on a
/// busy machine.
const END: Duration = Duration::from_secs(240);

/// Where EROFS has its superblock, in bytes.
const SUPERBLOCK: u64 = 1024;

/// Size of a block of the root and of its hash tree in bytes.
const BLOCK: u64 = 4096;

/// Boots until the machine ends, and returns what the console says.
fn boot_to_its_end(image: &Image, name: &str, boot: Boot, disk: &Path) -> Result<String> {
    let mut options = machine(image, name, boot)?;
    options.disk = Some(Disk::Discard(disk.to_owned()));
    options.reboot = false;
    let node = Node::start(&options)?;
    node.wait_exit(END)?;
    let console = node.console().text();
    // The kernel restarts after a panic; nothing else ended the machine.
    ensure!(node.has_panicked(), "no panic; {}", node.console().tail());
    ensure!(node.shutdown_reason()? == "guest-reset", "{console}");
    Ok(console)
}

/// Flips one bit at each position; done twice, nothing has changed.
fn flip_bits(disk: &Path, positions: &[u64]) -> Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(disk)?;
    for &position in positions {
        let mut byte = [0];
        file.read_exact_at(&mut byte, position)?;
        byte[0] ^= 1;
        file.write_all_at(&byte, position)?;
    }
    Ok(())
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

#[test]
fn a_flipped_bit_stops_the_boot() -> Result<()> {
    let image = Image::find()?;
    let options = machine(&image, "integrity", direct(&image)?)?;
    let folder = options.state.context("a machine has a state folder")?;
    std::fs::create_dir_all(&folder)?;
    let disk = folder.join("disk.img");
    image.copy_disk(&disk)?;
    let (root, hash) = (
        image.partition_offset("ROOT-A")?,
        image.partition_offset("HASH-A")?,
    );
    let blocks = erofs_blocks(&disk, root)?;
    let cases = [
        // A byte that nothing looks at, in the first block that is read.
        ("superblock", vec![root + SUPERBLOCK + 127]),
        // One bit in each eighth block behind the first ones: the root can be
        // mounted, but sooner or later a program is needed.
        (
            "files",
            (16..blocks)
                .step_by(8)
                .map(|n| root + n * BLOCK + 99)
                .collect(),
        ),
        // The top of the tree, in the block after its superblock.
        ("hash-tree", vec![hash + BLOCK]),
    ];
    for (name, positions) in cases {
        flip_bits(&disk, &positions)?;
        let name = format!("integrity-{name}");
        let console = boot_to_its_end(&image, &name, direct(&image)?, &disk)?;
        ensure!(
            console.contains("device-mapper: verity: "),
            "{name}:\n{console}"
        );
        ensure!(console.contains(" is corrupted"), "{name}:\n{console}");
        flip_bits(&disk, &positions)?;
    }
    std::fs::remove_file(&disk)?;
    Ok(())
}

#[test]
fn a_wrong_root_hash_does_not_boot() -> Result<()> {
    let image = Image::find()?;
    let right = image.line("roothash")?;
    let last = if right.ends_with('0') { '1' } else { '0' };
    let wrong = format!("{}{last}", &right[..right.len() - 1]);
    let boot = with_replaced_words(&image, &right, &wrong)?;
    boot_to_its_end(&image, "wrong-root-hash", boot, image.disk())?;
    Ok(())
}

#[test]
fn the_command_line_cannot_stop_enforcing() -> Result<()> {
    let image = Image::find()?;
    let boot = with_replaced_words(&image, "enforcing=1", "enforcing=0")?;
    let mut options = machine(&image, "enforcing", boot)?;
    options.disk = disk(&image, 4);
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let enforce = node.channel().read_file("/sys/fs/selinux/enforce")?;
    ensure!(enforce.data.text().trim() == "1", "it stopped enforcing");
    Ok(())
}

/// The image's kernel with another command line.
fn with_replaced_words(image: &Image, old: &str, new: &str) -> Result<Boot> {
    let cmdline = image.line("cmdline")?;
    ensure!(cmdline.contains(old), "no {old} in {cmdline}");
    direct_with(image, |cmdline| cmdline.replace(old, new))
}
