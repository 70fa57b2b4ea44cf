//! The settings API, through `apiclient` in the node.

use anyhow::{Context, Result, ensure};
use dev_protocol::{Finished, Run};
use serde_json::Value;
use vm::Channel;

/// Runs apiclient, whatever comes of it.
pub fn apiclient(channel: &Channel, arguments: &[&str]) -> Result<Finished> {
    let argv = ["/usr/bin/apiclient"].iter().chain(arguments);
    Ok(channel.run(Run {
        argv: argv.map(|&a| a.to_owned()).collect(),
        ..Run::default()
    })?)
}

/// The JSON that a GET request is answered with.
pub fn get(channel: &Channel, path: &str) -> Result<Value> {
    let done = apiclient(channel, &["get", path])?;
    ensure!(done.exit == 0, "GET {path}: {}", done.stderr.text());
    serde_json::from_slice(&done.stdout.0).with_context(|| format!("GET {path}: not JSON"))
}

/// All settings in force.
pub fn settings(channel: &Channel) -> Result<Value> {
    get(channel, "/settings")
}

/// Changes settings; they must be accepted.
pub fn set(channel: &Channel, assignments: &[&str]) -> Result<()> {
    let done = apiclient(channel, &[&["set"], assignments].concat())?;
    ensure!(
        done.exit == 0,
        "apiclient set {assignments:?}: {}",
        done.stderr.text()
    );
    Ok(())
}
