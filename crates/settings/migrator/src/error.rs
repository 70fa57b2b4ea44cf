//! Why settings are not migrated.

use std::path::PathBuf;

/// A failed migration: the store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A version cannot be compared with others.
    #[error("`{}` is no version: {source}", version.escape_debug())]
    Version {
        /// What was found.
        version: String,
        /// What is wrong with it.
        source: semver::Error,
    },
    /// The list of migrations does not lead to the version.
    #[error(transparent)]
    List(#[from] crate::list::Error),
    /// The list of migrations makes no sense.
    #[error("{}: {source}", path.display())]
    ListFile {
        /// The list.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<crate::list::Error>,
    },
    /// A file is larger than any program or list of migrations.
    #[error("{} has {size} bytes, but at most {limit} are allowed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The largest allowed, in bytes.
        limit: u64,
    },
    /// A program cannot be held in memory.
    #[error("failed to load migration `{name}`: {source}")]
    Seal {
        /// The migration.
        name: String,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// A migration failed.
    #[error("migration `{name}` failed to go {direction}: {source}")]
    Run {
        /// The migration.
        name: String,
        /// `forward` or `backward`.
        direction: String,
        /// What it answered.
        source: process::Error,
    },
    /// A migration left something behind that is not JSON.
    #[error("the last migration did not write JSON: {0}")]
    Result(serde_json::Error),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
}
