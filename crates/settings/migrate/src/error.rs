//! Why a migration does not happen.

/// A payload that cannot be migrated.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not what a store writes.
    #[error("not the payload of a generation: {0}")]
    Payload(String),
    /// It has a form that this migration was not written for.
    #[error("the payload has format {found}, but this migration is for format {expected}")]
    Format {
        /// What it says.
        found: u64,
        /// What is known.
        expected: u64,
    },
    /// The result cannot be written as JSON.
    #[error("failed to write the payload as JSON: {0}")]
    Encode(#[from] serde_json::Error),
}
