//! Why a request did not bring what was asked for.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

/// Why a request did not bring what was asked for. `request` is method and
/// path.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers at the socket.
    #[error("failed to connect to the API server at {}: {source}", socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// What the operating system answered.
        source: io::Error,
    },
    /// The request cannot be written as HTTP.
    #[error("`{request}` is not a valid request: {source}")]
    Request {
        /// The request.
        request: String,
        /// What is wrong with it.
        source: hyper::http::Error,
    },
    /// The connection broke, or what came back is not HTTP.
    #[error("{request} was not answered: {reason}")]
    Transport {
        /// The request.
        request: String,
        /// What happened.
        reason: String,
    },
    /// No whole answer in time.
    #[error("{request} was not answered within {} s", limit.as_secs_f32())]
    Timeout {
        /// The request.
        request: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The server says no.
    #[error("{message} ({request}: status {status})")]
    Refused {
        /// The request.
        request: String,
        /// The HTTP status code, not a 2xx one.
        status: u16,
        /// The server's reason.
        message: String,
        /// What the server suggests.
        hint: Option<String>,
    },
    /// The answer is not the JSON it should be.
    #[error("the answer to {request} is not the expected JSON: {source}")]
    Json {
        /// The request.
        request: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// This process cannot wait for sockets.
    #[error("failed to prepare for the network: {0}")]
    Runtime(#[source] io::Error),
}

impl Error {
    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Connect { source, .. } => match source.kind() {
                ErrorKind::NotFound => Some(
                    "is this a Bottlerocket node, or a container that has the socket mounted? `--socket-path` names another place",
                ),
                ErrorKind::PermissionDenied => {
                    Some("the socket is for root and the group `api` only")
                }
                ErrorKind::ConnectionRefused => Some("the API server is not running"),
                _ => None,
            },
            Self::Refused { hint, .. } => hint.as_deref(),
            _ => None,
        }
    }

    /// The status code, if the server answered with an error.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the server found fault with what it was given (a 4xx status),
    /// as opposed to something going wrong.
    pub fn is_refusal(&self) -> bool {
        self.status()
            .is_some_and(|status| (400..500).contains(&status))
    }
}
