//! A disk that was tampered with does not boot.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::damage::{flip_bits, vital_positions};
use end_to_end_tests::{BOOT, Image, direct, direct_with, disk, machine};
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

#[test]
fn a_flipped_bit_stops_the_boot() -> Result<()> {
    let image = Image::find()?;
    let options = machine(&image, "integrity", direct(&image)?)?;
    let folder = options.state.context("a machine has a state folder")?;
    std::fs::create_dir_all(&folder)?;
    let disk = folder.join("disk.img");
    image.copy_disk(&disk)?;
    for (name, positions) in vital_positions(&image, &disk, 'A')? {
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
    node.wait_channel(BOOT)?;
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
