//! Joins standard input and output with a TCP connection: what QEMU starts for
//! each connection of a guest to an address of its network.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

/// Hands on what comes from either side, until the server has said all.
///
/// # Errors
///
/// If the server cannot be reached, or the connection breaks.
pub fn relay(server: &str) -> io::Result<()> {
    let stream = TcpStream::connect(server)?;
    let mut there = stream.try_clone()?;
    thread::spawn(move || {
        let sent = copy(io::stdin(), &mut there);
        // Whatever became of it, no more will come.
        let _ = there.shutdown(Shutdown::Write);
        sent
    });
    copy(stream, io::stdout())
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
