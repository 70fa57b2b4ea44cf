//! What is to run.

use std::path::{Path, PathBuf};

/// Folder of what containers find again when they start the next time.
const PERSISTENT: &str = "/local";

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// For the people who look after the node: runs until it is stopped.
    Host,
    /// Prepares the node while it boots.
    Bootstrap,
}

impl Kind {
    /// The folder that its containers have in common.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Host => "host-containers",
            Self::Bootstrap => "bootstrap-containers",
        }
    }
}

/// A container, apart from its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name, which is that of its unit.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// Whether it has the rights of the host's root. What prepares a node has.
    pub superpowered: bool,
    /// What it finds in its file `user-data`.
    pub user_data: Option<Vec<u8>>,
    /// The command, in place of the image's; empty for the image's own.
    pub command: Vec<String>,
}

impl Container {
    /// The folder that it finds again when it starts the next time.
    pub(crate) fn persistent(&self) -> PathBuf {
        Path::new(PERSISTENT)
            .join(self.kind.folder())
            .join(&self.id)
    }
}
