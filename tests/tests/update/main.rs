//! A node on its way from one version to the next, through firmware and boot
//! loader.

mod read_back;

use std::net::SocketAddrV4;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::release::TestRepository;
use end_to_end_tests::{BOOT, api, denials, disk, machine, through_firmware};
use serde_json::Value;
use vm::{Channel, Network, Node, Service, UserData};

const SERVER: &str = "169.254.1.1:80";
const USER_DATA: &str = "\
[settings]
motd = \"kept over the update\"
[settings.updates]
metadata-base-url = \"http://169.254.1.1/metadata\"
targets-base-url = \"http://169.254.1.1/targets\"
";

#[test]
fn a_node_goes_to_the_next_version_and_keeps_its_settings() -> Result<()> {
    let repository = TestRepository::new("update")?;
    let old = repository.image("1.0.0")?;
    repository.image("1.1.0")?;
    repository.add("1.1.0")?;
    let server = repository.serve();

    let mut options = machine(&old, "update-node", through_firmware())?;
    options.disk = disk(&old, 5);
    options.user_data = Some(UserData::FirmwareConfiguration(USER_DATA.into()));
    let address: SocketAddrV4 = SERVER.parse()?;
    options.network = Some(Network {
        services: vec![Service {
            address,
            command: vec![env!("CARGO_BIN_EXE_relay").to_owned(), server.to_string()],
        }],
        ..Network::default()
    });
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    assert_eq!(version(channel)?, "1.0.0");
    assert_eq!(slot(channel, 0)?["state"], "good");

    for step in ["check-update", "update-image", "update-apply"] {
        run(channel, step)?;
    }
    let staged = slot(channel, 1)?;
    assert_eq!(
        (&staged["state"], &staged["left"]),
        (&"tried".into(), &3.into())
    );
    assert_eq!(
        (&staged["primary"], &staged["booted"]),
        (&true.into(), &false.into())
    );
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);

    api::apiclient(channel, &["reboot"])?;
    wait_for_version(&node, "1.1.0")?;
    node.wait_ready(BOOT)?;
    let booted = slot(channel, 1)?;
    assert_eq!(booted["state"], "good", "{}", node.console().tail());
    assert_eq!(
        (&booted["primary"], &booted["booted"]),
        (&true.into(), &true.into())
    );
    assert_eq!(api::settings(channel)?["motd"], "kept over the update");
    assert_eq!(api::get(channel, "/status")?["degraded"], false);
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}

/// Runs a step of an update as its unit does.
fn run(channel: &Channel, step: &str) -> Result<String> {
    let unit = format!("update@{step}.service");
    let started = channel.output(&["/usr/bin/systemctl", "start", &unit]);
    let journal = channel.output(&["/usr/bin/journalctl", "-b", "-o", "cat", "-u", &unit])?;
    ensure!(started.is_ok(), "{started:?}: {journal}");
    Ok(journal)
}

/// What updog says of a slot.
fn slot(channel: &Channel, number: usize) -> Result<Value> {
    let journal = run(channel, "status")?;
    let line = journal.lines().rfind(|line| line.starts_with('['));
    let states: Value = serde_json::from_str(line.context("no status in the journal")?)?;
    Ok(states[number].clone())
}

fn version(channel: &Channel) -> Result<String> {
    let os: Value = api::get(channel, "/os")?;
    Ok(os["version_id"].as_str().unwrap_or_default().to_owned())
}

fn wait_for_version(node: &Node, expected: &str) -> Result<()> {
    let deadline = Instant::now() + BOOT;
    loop {
        // While it restarts, nobody answers.
        match version(node.channel()) {
            Ok(found) if found == expected => return Ok(()),
            answer => ensure!(
                Instant::now() < deadline,
                "{answer:?}: {}",
                node.console().tail()
            ),
        }
    }
}
