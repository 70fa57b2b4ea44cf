//! Unpacks the layers of container images (OCI Image Format, version 1.1: Image
//! Layer Filesystem Changeset) into folders that overlayfs stacks.
//!
//! A layer is whatever a stranger put there. Every path is resolved by the kernel
//! inside the layer's folder (`openat2`, `RESOLVE_IN_ROOT`), nothing is followed out
//! of it, and how much a layer may hold is limited. What overlayfs gives a meaning to
//! (character devices 0:0, attributes `trusted.overlay.*`) is written for whiteouts
//! alone.

mod compression;
mod confined;
mod hashing;
mod unpack;

pub use compression::Compression;
pub use unpack::{Limits, Unpacked, adopt, unpack};

use std::io;
use std::path::PathBuf;

/// Why a layer was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The archive broke off, or is none.
    #[error("the archive is damaged: {0}")]
    Archive(#[source] io::Error),
    /// An entry cannot be made.
    #[error("{}: {reason}", path.display())]
    Entry {
        /// Its path in the archive.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file system refused.
    #[error("failed to {action} {}: {source}", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// The path in the layer.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// It holds more than it may.
    #[error("it has more than {limit} {what}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many it may have.
        limit: u64,
    },
}

impl Error {
    /// Whether there is no room for it.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::File { source, .. } if source.kind() == io::ErrorKind::StorageFull)
    }
}
