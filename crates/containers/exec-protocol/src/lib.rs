//! What is said over the WebSocket of `GET /exec`, as Bottlerocket's clients say it.
//!
//! Text messages are the JSON of [`ClientMessage`] and [`ServerMessage`]. Binary ones
//! are bytes: what the process reads, and what it writes. The client begins with
//! [`ClientMessage::Initialize`]. The server ends with a close frame whose reason is the
//! exit code, in decimal (code 1000), or a sentence (any other code).
//!
//! Both ping every [`HEARTBEAT`] and give up after [`SILENCE`].

use std::ffi::OsString;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The path of the API.
pub const PATH: &str = "/exec";
/// How often one says that one is there.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// Who says nothing for so long is gone.
pub const SILENCE: Duration = Duration::from_secs(10);
/// Messages that may be on their way to the process.
pub const MAX_OUTSTANDING: u64 = 1024;
/// How many messages the process takes before the client hears of it.
pub const CAPACITY_INTERVAL: u64 = 128;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientMessage {
    /// What is to run.
    Initialize(Initialize),
    /// There is no more input.
    ContentComplete,
    /// The window has another size.
    Winch(Size),
}

/// What is to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initialize {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// The container.
    pub target: String,
    /// The terminal, if there is to be one.
    pub tty: Option<Tty>,
}

/// A terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tty {
    /// The size of its window, if it is known.
    pub size: Option<Size>,
}

/// The size of a window, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Lines.
    pub rows: u16,
    /// Characters in a line.
    pub cols: u16,
}

/// What the server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerMessage {
    /// How much input it takes.
    Capacity(Capacity),
}

/// How much input the server takes. Who sends more is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Messages that may be on their way.
    pub max_messages_outstanding: u64,
    /// Messages that the process has taken, from the beginning.
    pub messages_written: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_bottlerocket() {
        let size = Size { rows: 24, cols: 80 };
        let table = [
            (
                ClientMessage::Initialize(Initialize {
                    command: vec!["ls".into()],
                    target: "admin".to_owned(),
                    tty: Some(Tty { size: Some(size) }),
                }),
                r#"{"Initialize":{"command":[{"Unix":[108,115]}],"target":"admin","tty":{"size":{"rows":24,"cols":80}}}}"#,
            ),
            (
                ClientMessage::Initialize(Initialize {
                    command: Vec::new(),
                    target: "a".to_owned(),
                    tty: None,
                }),
                r#"{"Initialize":{"command":[],"target":"a","tty":null}}"#,
            ),
            (ClientMessage::ContentComplete, r#""ContentComplete""#),
            (
                ClientMessage::Winch(size),
                r#"{"Winch":{"rows":24,"cols":80}}"#,
            ),
        ];
        for (message, text) in table {
            assert_eq!(serde_json::to_string(&message).expect("JSON"), text);
            let read: ClientMessage = serde_json::from_str(text).expect(text);
            assert_eq!(read, message);
        }
        let capacity = ServerMessage::Capacity(Capacity {
            max_messages_outstanding: 1024,
            messages_written: 128,
        });
        let text = r#"{"Capacity":{"max_messages_outstanding":1024,"messages_written":128}}"#;
        assert_eq!(serde_json::to_string(&capacity).expect("JSON"), text);
        assert!(serde_json::from_str::<ClientMessage>(r#"{"Other":1}"#).is_err());
    }
}
