//! What is known about updates: the document of `GET /updates/status`, in the
//! words of Bottlerocket's API.

use semver::Version;
use serde::{Deserialize, Serialize};

/// How far a node is on its way to another version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// It takes none.
    #[default]
    Idle,
    /// There is one that it takes.
    Available,
    /// It is in the other slot.
    Staged,
    /// It boots next.
    Ready,
}

/// A system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// For which processors.
    pub arch: String,
    /// Which version.
    pub version: Version,
    /// Which variant.
    pub variant: String,
}

/// A system in a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The system.
    pub image: System,
    /// Whether it is the one that boots next.
    pub next_to_boot: bool,
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// Well.
    Success,
    /// Not well.
    Failed,
}

/// The last action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCommand {
    /// Its name.
    pub cmd_type: String,
    /// How it ended.
    pub cmd_status: Ending,
    /// When it ended (RFC 3339).
    pub timestamp: String,
    /// What a program would have ended with.
    pub exit_status: i32,
    /// What went wrong.
    pub stderr: String,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// How far the node is.
    pub update_state: State,
    /// The versions for nodes like this one, newest first.
    pub available_updates: Vec<Version>,
    /// The one that it takes.
    pub chosen_update: Option<System>,
    /// Why it takes none (not in Bottlerocket).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_update_reason: Option<String>,
    /// What runs.
    pub active_partition: Option<Installed>,
    /// What an action has put in the other slot, or let boot from it.
    pub staging_partition: Option<Installed>,
    /// Both slots, as the boot loader sees them (not in Bottlerocket).
    #[serde(default)]
    pub slots: Vec<serde_json::Value>,
    /// What was asked for last.
    pub most_recent_command: Option<LastCommand>,
}
