//! A machine that hangs as a whole.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::{BOOT, api, disk};
use vm::{Node, Options};

use super::node::{PAUSE, boot_id, options, wait_for_version};
use super::releases;

/// The kernel stops at an interrupt that nothing is known about, and stays there:
/// on a node it would restart by itself.
const HANGS: &[&str] = &[
    "kernel.sysctl.\"kernel.unknown_nmi_panic\"=1",
    "kernel.sysctl.\"kernel.panic\"=0",
];

#[test]
#[ignore = "scripts/faults runs it: it takes minutes"]
fn a_machine_that_hangs_is_restarted_by_its_watchdog() -> Result<()> {
    let releases = releases()?;
    let disk = disk(&releases.old, 5).expect("an image has a disk");
    let options = Options {
        watchdog: true,
        ..options(&releases.old, "watchdog", disk, &releases.repository)?
    };
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    let journal = channel.output(&["/usr/bin/journalctl", "-b", "-o", "cat"])?;
    ensure!(
        journal.contains("hardware watchdog 'i6300ESB timer'"),
        "systemd has taken no watchdog"
    );
    api::set(channel, HANGS)?;
    let deadline = Instant::now() + BOOT;
    let is_set = || -> Result<bool> {
        let value = channel.read_file("/proc/sys/kernel/unknown_nmi_panic")?;
        Ok(value.data.text().trim() == "1")
    };
    while !is_set()? {
        ensure!(Instant::now() < deadline, "the settings are not applied");
        std::thread::sleep(PAUSE);
    }
    let before = boot_id(channel)?;
    node.interrupt()?;
    wait_for_version(&node, "1.0.0", &before, 2 * BOOT)?;
    let state = options.state.context("a machine has a folder")?;
    let console = std::fs::read_to_string(state.join("console.log"))?;
    ensure!(
        console.contains("Kernel panic"),
        "it did not hang: {console}"
    );
    ensure!(
        !console.contains("Rebooting in"),
        "the kernel restarted itself: {console}"
    );
    Ok(())
}
