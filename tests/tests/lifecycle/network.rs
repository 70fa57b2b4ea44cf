//! What net.toml makes of the network, and that a bad one leaves a node that
//! can be reached.

use anyhow::{Result, ensure};
use dev_protocol::Run;
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, machine};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use vm::{Channel, Node};

/// How long a node may take to get its address.
const LIMIT: Duration = Duration::from_secs(120);

const STATIC: &str = "\
version = 3
[lan.match]
driver = \"virtio_net\"
[lan.static4]
addresses = [\"10.0.2.77/24\"]
[[lan.route]]
to = \"default\"
via = \"10.0.2.2\"
";

const MISTAKEN: &str = "\
version = 3
[lan.match]
driver = \"virtio_net\"
[lan.static4]
adresses = [\"10.0.2.77/24\"]
";

fn boot(name: &str, net_toml: &str) -> Result<Node> {
    let image = Image::find()?;
    let mut options = machine(&image, name, direct(&image)?)?;
    options.disk = disk(&image, 4);
    options.reboot = false;
    options.net_toml = Some(net_toml.into());
    let node = Node::start(&options)?;
    let state = node.wait_ready(BOOT)?;
    assert_eq!(state, "running", "{}", node.console().tail());
    Ok(node)
}

/// The node's address, once it has one.
fn address(channel: &Channel) -> Result<Value> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let done = channel.run(Run {
            argv: vec!["/usr/bin/netdog".into(), "node-ip".into()],
            ..Run::default()
        })?;
        match done.exit {
            0 => return Ok(serde_json::from_slice(&done.stdout.0)?),
            // No address yet.
            2 => ensure!(Instant::now() < deadline, "no address in {LIMIT:?}"),
            code => ensure!(false, "exit code {code}: {}", done.stderr.text()),
        }
    }
}

#[test]
fn net_toml_sets_up_the_network() -> Result<()> {
    let node = boot("net-toml", STATIC)?;
    let channel = node.channel();
    assert_eq!(address(channel)?, json!("10.0.2.77"));
    assert_eq!(api::get(channel, "/status")?["degraded"], false);
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}

#[test]
fn a_bad_net_toml_leaves_the_default_network_and_is_reported() -> Result<()> {
    let node = boot("bad-net-toml", MISTAKEN)?;
    let channel = node.channel();
    // The address that QEMU's DHCP server gives.
    assert_eq!(address(channel)?, json!("10.0.2.15"));
    let status = api::get(channel, "/status")?;
    let reasons = status["reasons"].to_string();
    assert_eq!(status["degraded"], true, "{status}");
    assert!(reasons.contains("bottlerocket.net-toml:5:1"), "{reasons}");
    assert!(reasons.contains("did you mean `addresses`?"), "{reasons}");
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}
