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
    let status = update(channel, &["check"])?;
    assert_eq!(status["slots"][0]["state"], "good");
    assert_eq!(status["chosen_update"]["version"], "1.1.0");

    // As on the slide: three requests.
    post(channel, "refresh-updates")?;
    wait_for_state(channel, "Available")?;
    post(channel, "prepare-update")?;
    wait_for_state(channel, "Staged")?;
    post(channel, "activate-update")?;
    let status = wait_for_state(channel, "Ready")?;
    assert_eq!(status["staging_partition"]["image"]["version"], "1.1.0");
    assert_eq!(status["staging_partition"]["next_to_boot"], true);
    // As a person does it, who thinks twice.
    update(channel, &["cancel"])?;
    assert_eq!(update(channel, &["check"])?["slots"][1]["state"], "empty");
    let status = update(channel, &["apply"])?;
    let staged = &status["slots"][1];
    assert_eq!(
        (&staged["state"], &staged["left"]),
        (&"tried".into(), &3.into())
    );
    assert_eq!(staged["primary"], true);
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);

    api::apiclient(channel, &["reboot"])?;
    wait_for_version(&node, "1.1.0")?;
    node.wait_ready(BOOT)?;
    let status = update(channel, &["check"])?;
    assert_eq!(
        status["no_update_reason"],
        "1.1.0 is the newest version there is"
    );
    let booted = &status["slots"][1];
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

/// `apiclient update`; what it prints last.
fn update(channel: &Channel, arguments: &[&str]) -> Result<Value> {
    let done = api::apiclient(channel, &[&["update"], arguments].concat())?;
    let (output, errors) = (done.stdout.text(), done.stderr.text());
    ensure!(done.exit == 0, "update {arguments:?}: {errors}");
    let whole = serde_json::from_str(&output);
    whole.or_else(|_| {
        let last = output.lines().last().unwrap_or_default();
        serde_json::from_str(last).with_context(|| format!("no JSON: {output}"))
    })
}

fn post(channel: &Channel, action: &str) -> Result<()> {
    let path = format!("/actions/{action}");
    let done = api::apiclient(channel, &["-u", &path, "-m", "POST"])?;
    ensure!(done.exit == 0, "{action}: {}", done.stderr.text());
    Ok(())
}

/// Asks until the action is over.
fn wait_for_state(channel: &Channel, expected: &str) -> Result<Value> {
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
