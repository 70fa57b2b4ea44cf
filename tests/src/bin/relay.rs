//! Joins standard input and output with a TCP connection: what QEMU starts for
//! each connection of a guest to an address of its network.
//!
//! usage: relay ADDRESS:PORT

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let address = std::env::args()
        .nth(1)
        .context("usage: relay ADDRESS:PORT")?;
    let stream =
        TcpStream::connect(&address).with_context(|| format!("failed to reach {address}"))?;
    let mut there = stream.try_clone()?;
    thread::spawn(move || {
        let sent = copy(io::stdin(), &mut there);
        // Whatever became of it, no more will come.
        let _ = there.shutdown(Shutdown::Write);
        sent
    });
    copy(stream, io::stdout())?;
    Ok(())
}

/// Hands on each piece as it comes.
fn copy(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut piece = [0; 4096];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            length => to.write_all(&piece[..length])?,
        }
        to.flush()?;
    }
}
