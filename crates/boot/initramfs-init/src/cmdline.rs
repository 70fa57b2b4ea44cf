//! What the kernel command line says about the root file system.

use kernel_cmdline::arguments;

use crate::root_hash::{self, RootHash};

/// Why the command line does not name a root file system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no `roothash=`.
    #[error(
        "the kernel command line has no `roothash=`; \
         hint: it comes with the boot image of a slot, built with the root file system"
    )]
    NoRootHash,
    /// `roothash=` is not a SHA-256.
    #[error("the kernel command line has roothash=`{value}`: {source}")]
    BadRootHash {
        /// What stands there.
        value: String,
        /// What is wrong with it.
        source: root_hash::Error,
    },
    /// `roothash=` stands there more than once, with different values. Taking
    /// either would let an appended word choose another system.
    #[error("the kernel command line has two different root hashes, {first} and {second}")]
    TwoRootHashes {
        /// The first.
        first: RootHash,
        /// One that differs from it.
        second: RootHash,
    },
}

/// The root hash, which has to be there exactly once, or always the same.
pub fn root_hash(line: &str) -> Result<RootHash, Error> {
    let mut found: Option<RootHash> = None;
    for argument in arguments(line).filter(|argument| argument.name == "roothash") {
        let value = argument.value.unwrap_or_default();
        let hash: RootHash = value.parse().map_err(|source| Error::BadRootHash {
            value: value.to_owned(),
            source,
        })?;
        match found {
            Some(first) if first != hash => {
                return Err(Error::TwoRootHashes {
                    first,
                    second: hash,
                });
            }
            _ => found = Some(hash),
        }
    }
    found.ok_or(Error::NoRootHash)
}
