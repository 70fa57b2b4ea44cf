//! Messages of the development channel: a virtio-serial port over which a
//! harness on the host runs programs and access probes in a development image.
//!
//! One JSON document per line, in both directions. A request carries an `id`
//! that its answer repeats; several requests may be in flight. Whatever is not
//! a message (a line torn by a reset, bytes of an earlier connection) is
//! dropped by the receiver, so either side may start anew at any time.

mod answer;
mod bytes;
mod lines;
mod request;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use answer::{Answer, Contents, Finished, Hello, Identity, Message, Outcome, Verdict};
pub use bytes::Bytes;
pub use lines::Lines;
pub use request::{Check, FileSystem, List, Operation, Ping, Probe, ReadFile, Request, Run};

/// Name of the virtio-serial port.
pub const PORT_NAME: &str = "org.bottlerocket.dev";

/// Where udev puts the port's device node in the guest.
pub const PORT_PATH: &str = "/dev/virtio-ports/org.bottlerocket.dev";

/// Version of these messages, sent in [`Identity`].
pub const PROTOCOL: u32 = 1;

/// Most bytes that one answer carries per stream or file, before base64.
pub const MAX_OUTPUT_BYTES: usize = 8 * 1024 * 1024;

/// Most bytes in one line, without the line feed: two full streams in base64
/// and what surrounds them.
pub const MAX_LINE_BYTES: usize = 24 * 1024 * 1024;

/// How long a program may run when its request does not say, in seconds.
pub const DEFAULT_TIMEOUT_SECONDS: u64 = 60;

/// A line that is no message.
#[derive(Debug, thiserror::Error)]
#[error("not a message of the development channel: {0}")]
pub struct DecodeError(#[from] serde_json::Error);

/// One message as a line, with its line feed.
pub fn encode(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message)
        .expect("messages hold strings, numbers and bytes only, which JSON can always carry");
    line.push(b'\n');
    line
}

/// Reads one line, with or without its line feed.
pub fn decode<T: DeserializeOwned>(line: &[u8]) -> Result<T, DecodeError> {
    Ok(serde_json::from_slice(line)?)
}
