//! A node that takes its updates from a test's repository.

use std::fs::OpenOptions;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use end_to_end_tests::damage::mtools;
use end_to_end_tests::release::TestRepository;
use end_to_end_tests::{BOOT, Image, api, machine, through_firmware};
use serde_json::Value;
use vm::{Channel, Disk, Network, Node, Options, Service, UserData};

use super::Releases;

/// Where the guest sees the repository.
const SERVER: &str = "169.254.1.1:80";

const USER_DATA: &str = "\
[settings]
motd = \"kept over the update\"
[settings.updates]
metadata-base-url = \"http://169.254.1.1/metadata\"
targets-base-url = \"http://169.254.1.1/targets\"
[settings.boot.health-checks]
socket = { unit = \"apiserver.socket\" }
own = { command = [\"/usr/bin/apiclient\", \"get\", \"os\"] }
";

/// The disk of nodes, in bytes.
const DISK_BYTES: u64 = 5 << 30;

/// What is asked over and over is asked this often.
pub const PAUSE: Duration = Duration::from_millis(200);

/// A machine with an image, behind whose network the repository is.
pub fn options(
    image: &Image,
    name: &str,
    disk: Disk,
    repository: &TestRepository,
) -> Result<Options> {
    let server = repository.serve();
    let mut options = machine(image, name, through_firmware())?;
    options.disk = Some(disk);
    options.user_data = Some(UserData::FirmwareConfiguration(USER_DATA.into()));
    let address: SocketAddrV4 = SERVER.parse()?;
    options.network = Some(Network {
        services: vec![Service {
            address,
            command: vec![env!("CARGO_BIN_EXE_relay").to_owned(), server.to_string()],
        }],
        ..Network::default()
    });
    Ok(options)
}

/// A machine with a copy of the old version, and the disk, which can be worked on
/// while the machine is off.
pub fn with_raw_disk(releases: &Releases, name: &str) -> Result<(Options, PathBuf)> {
    let nothing_yet = Disk::WriteThrough(PathBuf::new());
    let mut options = options(&releases.old, name, nothing_yet, &releases.repository)?;
    let folder = options.state.as_ref().context("a machine has a folder")?;
    std::fs::create_dir_all(folder)?;
    let path = folder.join("raw.img");
    releases.old.copy_disk(&path)?;
    OpenOptions::new()
        .write(true)
        .open(&path)?
        .set_len(DISK_BYTES)?;
    options.disk = Some(Disk::WriteThrough(path.clone()));
    Ok((options, path))
}

/// Takes all tries but one from the slot that is tried next, on the disk of a machine that
/// is off: one is as good as three, and quicker.
pub fn leave_one_try(releases: &Releases, disk: &Path, slot: char) -> Result<()> {
    let esp = releases.old.partition_offset("ESP")?;
    let entry = |tries: &str| format!("::loader/entries/slot-{slot}{tries}.conf");
    mtools("mren", disk, esp, &[&entry("+3"), &entry("+1-2")])
}

/// `apiclient update`; what it prints last.
pub fn update(channel: &Channel, arguments: &[&str]) -> Result<Value> {
    let done = api::apiclient(channel, &[&["update"], arguments].concat())?;
    let (output, errors) = (done.stdout.text(), done.stderr.text());
    ensure!(done.exit == 0, "update {arguments:?}: {errors}");
    let whole = serde_json::from_str(&output);
    whole.or_else(|_| {
        let last = output.lines().last().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("no JSON: {output}"))
    })
}

/// One request, as on the slide.
pub fn post(channel: &Channel, action: &str) -> Result<()> {
    let path = format!("/actions/{action}");
    let done = api::apiclient(channel, &["-u", &path, "-m", "POST"])?;
    ensure!(done.exit == 0, "{action}: {}", done.stderr.text());
    Ok(())
}

/// Asks until the action is over.
pub fn wait_for_state(channel: &Channel, expected: &str) -> Result<Value> {
    let deadline = Instant::now() + BOOT;
    loop {
        let done = api::apiclient(channel, &["-u", "/updates/status"])?;
        let errors = done.stderr.text();
        if done.exit == 0 {
            let status: Value = serde_json::from_slice(&done.stdout.0)?;
            ensure!(status["update_state"] == expected, "{status}");
            return Ok(status);
        }
        ensure!(
            errors.contains("423") && Instant::now() < deadline,
            "{errors}"
        );
    }
}

/// The version that runs.
pub fn version(channel: &Channel) -> Result<String> {
    let os: Value = api::get(channel, "/os")?;
    Ok(os["version_id"].as_str().unwrap_or_default().to_owned())
}

/// Tells boots apart.
pub fn boot_id(channel: &Channel) -> Result<String> {
    let id = channel.read_file("/proc/sys/kernel/random/boot_id")?;
    Ok(id.data.text().trim().to_owned())
}

/// Waits until a version answers, in another boot than `not`.
pub fn wait_for_version(node: &Node, expected: &str, not: &str, within: Duration) -> Result<()> {
    let deadline = Instant::now() + within;
    let is_there = || -> Result<bool> {
        let channel = node.channel();
        Ok(boot_id(channel)? != not && version(channel)? == expected)
    };
    // While it restarts, nobody answers.
    while !is_there().unwrap_or(false) {
        ensure!(
            Instant::now() < deadline,
            "{expected} does not come up: {}",
            node.console().tail()
        );
        std::thread::sleep(PAUSE);
    }
    node.wait_ready(BOOT)?;
    Ok(())
}

/// The version comes up that ran before, and says why.
pub fn expect_fallback(node: &Node, to: &str, from: &str, before: &str, why: &str) -> Result<()> {
    wait_for_version(node, to, before, 4 * BOOT)?;
    let channel = node.channel();
    let status = api::get(channel, "/status")?;
    ensure!(status["degraded"] == true, "{status}");
    let reasons = status["reasons"].to_string();
    ensure!(
        reasons.contains(&format!("update: {from} in slot ")),
        "{reasons}"
    );
    ensure!(reasons.contains(why), "{reasons}");
    let status = update(channel, &["check"])?;
    let reason = status["no_update_reason"].as_str().unwrap_or_default();
    ensure!(
        reason.starts_with(&format!("{from} was tried on this node, and was not good")),
        "{status}"
    );
    let slots = status["slots"].as_array().context("no slots")?;
    let failed = slots.iter().find(|slot| slot["booted"] == false);
    let failed = failed.context("no other slot")?;
    ensure!(failed["state"] == "bad", "{status}");
    let booted = slots.iter().find(|slot| slot["booted"] == true);
    ensure!(booted.context("no slot")?["state"] == "good", "{status}");
    Ok(())
}
