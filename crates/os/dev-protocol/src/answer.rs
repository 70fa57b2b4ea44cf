//! What the agent sends.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// Any line the agent sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Message {
    /// The agent has opened the port.
    Hello(Hello),
    /// The answer to one request.
    Answer(Answer),
}

/// The first line of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Who opened the port.
    pub hello: Identity,
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The agent's [`crate::PROTOCOL`].
    pub protocol: u32,
    /// The kernel's boot id, so that the host notices a restart.
    pub boot: String,
    /// The agent's process, so that the host tells a new agent from one that
    /// greets again, having learnt late that its visitor changed. 0 for agents
    /// that do not tell.
    #[serde(default)]
    pub process: u32,
}

/// The answer to the request of the same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The request's id.
    pub id: u64,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// A program ran to its end, or was killed.
    Finished(Finished),
    /// How the kernel answered a probe: `{"id":2,"verdict":"EACCES"}`.
    Probed {
        /// The answer.
        verdict: Verdict,
    },
    /// A file was read.
    File(Contents),
    /// A folder was listed.
    Listed {
        /// The names in it, sorted; what is not UTF-8 is replaced.
        entries: Vec<String>,
    },
    /// A file system was examined.
    FileSystem {
        /// Its size in bytes, without what it needs for itself.
        size: u64,
    },
    /// The answer to a ping.
    Pong {
        /// Who answers.
        pong: Identity,
    },
    /// The request could not be carried out at all.
    Failed {
        /// Why, as a sentence.
        error: String,
    },
}

/// The end of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finished {
    /// Exit code; 128 and the signal's number if a signal ended it.
    pub exit: i32,
    /// What it wrote to standard output, up to [`crate::MAX_OUTPUT_BYTES`].
    pub stdout: Bytes,
    /// What it wrote to standard error, up to the same limit.
    pub stderr: Bytes,
    /// Whether either stream was longer than what is here.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
    /// Whether it was killed because its time was over.
    #[serde(default, skip_serializing_if = "is_false")]
    pub timed_out: bool,
}

/// The contents of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contents {
    /// The first bytes, up to [`crate::MAX_OUTPUT_BYTES`].
    pub data: Bytes,
    /// Whether the file is longer than that.
    #[serde(default, skip_serializing_if = "is_false")]
    pub truncated: bool,
}

/// How the kernel answered a probe. Travels as `ok` or the name of the error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Verdict {
    /// The access was granted.
    Ok,
    /// It was refused with this error, such as `EACCES`.
    Errno(String),
}

impl Verdict {
    /// Whether the kernel refused for want of permission: `EACCES` (a file
    /// mode or SELinux) or `EPERM` (a missing capability, or SELinux).
    pub fn is_denied(&self) -> bool {
        matches!(self, Verdict::Errno(name) if name == "EACCES" || name == "EPERM")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Ok => "ok",
            Verdict::Errno(name) => name,
        })
    }
}

impl From<String> for Verdict {
    fn from(text: String) -> Self {
        if text == "ok" {
            Verdict::Ok
        } else {
            Verdict::Errno(text)
        }
    }
}

impl From<Verdict> for String {
    fn from(verdict: Verdict) -> Self {
        verdict.to_string()
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
