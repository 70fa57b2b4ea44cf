//! What QEMU starts for each connection of a guest to an address of its network.
//!
//! usage: relay ADDRESS:PORT

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let server = std::env::args().nth(1);
    let server = server.context("usage: relay ADDRESS:PORT")?;
    vm::relay(&server).with_context(|| format!("failed to relay to {server}"))
}
