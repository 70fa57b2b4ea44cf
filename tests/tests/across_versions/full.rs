//! An ESP without room for another kernel image.

use std::fs::File;

use anyhow::{Result, ensure};
use end_to_end_tests::damage::mtools;
use end_to_end_tests::{BOOT, api};
use vm::Node;

use super::node::{boot_id, update, version, wait_for_version, with_raw_disk};
use super::releases;

/// More than the file system and the boot loader need for themselves, and less
/// than a kernel image.
const LEFT_BYTES: u64 = 12 << 20;

const JUNK: &str = "::junk";

#[test]
#[ignore = "scripts/faults runs it: it takes minutes"]
fn a_full_esp_refuses_an_update_and_boots() -> Result<()> {
    let releases = releases()?;
    let (options, disk) = with_raw_disk(releases, "full-esp")?;
    let esp = releases.old.partition("ESP")?;
    let junk = disk.with_file_name("junk");
    let kernel_image = releases.old.kernel_image();
    let used = std::fs::metadata(kernel_image)?.len();
    File::create(&junk)?.set_len(esp.end - esp.start - used - LEFT_BYTES)?;
    mtools("mcopy", &disk, esp.start, &[&junk.to_string_lossy(), JUNK])?;

    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    update(channel, &["check"])?;
    let done = api::apiclient(channel, &["update", "apply"])?;
    let errors = done.stderr.text();
    ensure!(
        done.exit != 0 && errors.contains("No space left on device"),
        "{errors}"
    );
    let before = boot_id(channel)?;
    node.reset()?;
    wait_for_version(&node, "1.0.0", &before, BOOT)?;
    assert_eq!(api::get(channel, "/status")?["degraded"], false);
    node.power_off(BOOT)?;

    mtools("mdel", &disk, esp.start, &[JUNK])?;
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    let before = boot_id(channel)?;
    update(channel, &["check"])?;
    update(channel, &["apply", "--reboot"])?;
    wait_for_version(&node, "1.1.0", &before, BOOT)?;
    assert_eq!(version(channel)?, "1.1.0");
    Ok(())
}
