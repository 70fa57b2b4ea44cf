//! A client that costs little itself: one connection, one request at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};

use crate::node::Node;

/// A connection to the server, kept open.
pub struct Connection {
    reader: BufReader<UnixStream>,
    body: Vec<u8>,
}

impl Connection {
    pub fn open(node: &Node) -> Result<Connection> {
        let stream = UnixStream::connect(node.socket()).context("failed to connect")?;
        Ok(Connection {
            reader: BufReader::with_capacity(64 * 1024, stream),
            body: Vec::new(),
        })
    }

    /// Sends a request, and reads the answer, which must be a good one.
    pub fn ask(&mut self, head: &str, body: &str) -> Result<()> {
        let request = format!(
            "{head}\r\nHost: node\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        let mut status = String::new();
        self.reader.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().context("no length")?;
            }
        }
        self.body.resize(length, 0);
        self.reader.read_exact(&mut self.body)?;
        ensure!(
            status.starts_with("HTTP/1.1 2"),
            "{head}: {status}{}",
            String::from_utf8_lossy(&self.body)
        );
        Ok(())
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}
