//! What net.toml makes of the network.

use anyhow::{Result, ensure};
use dev_protocol::Run;
use end_to_end_tests::api;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use vm::Channel;

/// How long a node may take to get its address.
const LIMIT: Duration = Duration::from_secs(120);

/// A net.toml.
pub const STATIC: &str = "\
version = 3
[lan.match]
driver = \"virtio_net\"
[lan.static4]
addresses = [\"10.0.2.77/24\"]
[[lan.route]]
to = \"default\"
via = \"10.0.2.2\"
";

/// The node's address, once it has one.
pub fn address(channel: &Channel) -> Result<Value> {
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

/// It is as [`STATIC`] says.
pub fn is_static(channel: &Channel) -> Result<()> {
    assert_eq!(address(channel)?, json!("10.0.2.77"));
    assert_eq!(api::get(channel, "/status")?["degraded"], false);
    Ok(())
}
