//! Debian packages as building material: pinned in a lock file, downloaded and
//! verified by apt in a private state folder (nothing on the host changes), and
//! unpacked without running a maintainer script.

mod apt;
mod contents;
mod lock;
mod mirror;
mod unpack;

pub use apt::{Apt, Fetched, Package};
pub use contents::{Contents, Unpacked};
pub use lock::{Group, Lock, Pin};
pub use mirror::Mirror;
pub use unpack::unpack;

use std::path::PathBuf;

/// Why packages could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// apt or dpkg reported an error.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// The host's apt configuration names no Debian mirror.
    #[error(
        "the host's apt configuration names no Debian mirror\n\
         hint: give one with --mirror URL, or DEBIAN_MIRROR=URL in the environment (the part before /dists)"
    )]
    NoMirror,
    /// The keys that sign Debian's archive are not installed.
    #[error(
        "no Debian archive keys in {}\nhint: apt-get install debian-archive-keyring", .0.display()
    )]
    NoKeyring(PathBuf),
    /// A lock file does not parse.
    #[error("{} is not a lock file: {reason}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The lock was made for another list of packages.
    #[error(
        "{} was made for another list of packages than group `{group}` asks for now\n\
         hint: image-builder lock (with --arch, where it is another one than x86_64)", path.display()
    )]
    Stale {
        /// The lock file.
        path: PathBuf,
        /// The group whose list changed.
        group: String,
    },
    /// Pinned versions have left the mirror and `--locked` forbids newer ones.
    #[error(
        "the mirror no longer has these pinned packages: {0}\nhint: image-builder lock, or leave out --locked"
    )]
    Gone(String),
    /// A package's content is not what the lock says.
    #[error("{}: its SHA-256 is {found}, the lock says {expected}", path.display())]
    Digest {
        /// The downloaded package.
        path: PathBuf,
        /// The digest in the lock.
        expected: String,
        /// The digest of the file.
        found: String,
    },
    /// A tree does not say which packages it is made of.
    #[error("{}: {reason}\nhint: remove that tree, it is unpacked again", path.display())]
    Contents {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// apt named a file we cannot make sense of.
    #[error("apt announced a package in an unexpected form: {0}")]
    Announcement(String),
}
