//! A disk that was tampered with does not boot.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use end_to_end_tests::{Image, direct, machine};
use vm::{Boot, Disk, Node};

/// How long until the kernel gives up; a boot to init takes half a minute on a
/// busy machine.
const END: Duration = Duration::from_secs(240);

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

fn flip_a_bit(disk: &Path, position: u64) -> Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(disk)?;
    let mut byte = [0];
    file.read_exact_at(&mut byte, position)?;
    byte[0] ^= 1;
    file.write_all_at(&byte, position)?;
    Ok(())
}

/// Position of the inode of the root folder, from EROFS's superblock.
fn root_inode(disk: &Path, root: u64) -> Result<u64> {
    const SUPERBLOCK: u64 = 1024;
    const MAGIC: [u8; 4] = 0xe0f5_e1e2_u32.to_le_bytes();
    let mut superblock = [0; 128];
    let file = std::fs::File::open(disk)?;
    file.read_exact_at(&mut superblock, root + SUPERBLOCK)?;
    ensure!(superblock[..4] == MAGIC, "no EROFS at {root}");
    let block_bits = superblock[12];
    let nid = u16::from_le_bytes([superblock[14], superblock[15]]);
    let mut address = [0; 4];
    address.copy_from_slice(&superblock[40..44]);
    Ok(root + (u64::from(u32::from_le_bytes(address)) << block_bits) + 32 * u64::from(nid))
}

#[test]
fn a_flipped_bit_stops_the_boot() -> Result<()> {
    let image = Image::find()?;
    let folder = machine(&image, "integrity", direct(&image)?)?
        .state
        .expect("machines have one");
    std::fs::create_dir_all(&folder)?;
    let disk = folder.join("disk.img");
    image.copy_disk(&disk)?;
    let (root, hash) = (
        image.partition_offset("ROOT-A")?,
        image.partition_offset("HASH-A")?,
    );
    let inode = root_inode(&disk, root)?;
    // A byte of the superblock that nothing reads; the inode's times; the top
    // of the hash tree, in the block after its superblock.
    let cases = [
        ("superblock", root + 1024 + 127),
        ("root folder", inode + 20),
        ("hash tree", hash + 4096),
    ];
    for (name, position) in cases {
        flip_a_bit(&disk, position)?;
        let console =
            boot_to_its_end(&image, &format!("integrity-{name}"), direct(&image)?, &disk)?;
        ensure!(
            console.contains("verity"),
            "{name}: nothing about verity on the console:\n{console}"
        );
        flip_a_bit(&disk, position)?;
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
    let Boot::Kernel {
        kernel,
        initrd,
        cmdline,
    } = direct(&image)?
    else {
        unreachable!("a direct boot has a kernel");
    };
    ensure!(
        cmdline.contains(&right),
        "the command line lacks the root hash: {cmdline}"
    );
    let boot = Boot::Kernel {
        kernel,
        initrd,
        cmdline: cmdline.replace(&right, &wrong),
    };
    boot_to_its_end(&image, "wrong-root-hash", boot, image.disk())?;
    Ok(())
}
