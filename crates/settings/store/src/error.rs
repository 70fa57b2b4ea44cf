//! Why the store does not do what was asked.

use std::path::PathBuf;

use settings_model::Key;

use crate::{BadName, TransactionName};

/// A failed operation. Unless a variant says otherwise, nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings are refused: unknown, of the wrong type or form, or
    /// against a rule.
    #[error(transparent)]
    Settings(#[from] settings_model::Error),
    /// A setting's name cannot be a key.
    #[error(transparent)]
    Key(#[from] settings_model::key::Error),
    /// There is nothing to commit.
    #[error("transaction `{0}` has no pending changes")]
    NothingPending(TransactionName),
    /// Nothing can be set under a name that is to be unset.
    #[error("{}: nothing can be set there", .0.with_prefix())]
    UnknownKey(Key),
    /// No generation has that number, or it is kept no longer.
    #[error("generation {0} is not kept")]
    NoGeneration(u64),
    /// A generation is lost.
    #[error("generation {number} is damaged: {reason}")]
    Damaged {
        /// Its number.
        number: u64,
        /// In what way.
        reason: String,
    },
    /// Too many transactions are open.
    #[error("{0} transactions are open already; commit or delete one first")]
    TooManyTransactions(usize),
    /// A document would become too large.
    #[error("{what} would have {size} bytes, but at most {limit} are allowed")]
    TooLarge {
        /// What is to be written.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The largest allowed, in bytes.
        limit: usize,
    },
    /// The version of the OS cannot name a folder.
    #[error("invalid version: {0}")]
    Version(BadName),
    /// Another process has the store open.
    #[error("the settings in {} are in use by another process", .0.display())]
    InUse(PathBuf),
    /// The settings of one version could not be made those of another.
    #[error("{0}")]
    Migration(String),
    /// The disk failed. Where this is the answer to a removal, it may have
    /// happened but not be durable yet.
    #[error(transparent)]
    Disk(#[from] files::Error),
    /// A document could not be written as JSON.
    #[error("failed to write {0} as JSON: {1}")]
    Encode(&'static str, serde_json::Error),
}
