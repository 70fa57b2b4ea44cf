//! Where settings live.
//!
//! Settings are kept in layers, from weak to strong: the defaults of the image
//! (given when the store is opened, not stored), generated values, user data,
//! and what came through the API. The effective value of a key is the one in
//! the strongest layer that has it. Only what somebody set is stored, with who
//! set it, when, and in which transaction.
//!
//! A key can be unset: it returns to the layer below.
//!
//! Changes are staged in named transactions and become effective together, by
//! a commit. On disk:
//!
//! ```text
//! BASE/.lock                              held while a store is open
//! BASE/current -> 1.2.3                   the version that opened it last
//! BASE/1.2.3/generation-000041.json       one committed state, whole
//! BASE/1.2.3/pending/NAME.json            one open transaction
//! ```
//!
//! Each version of the OS has a folder of its own, so that after an update the
//! version before it still finds what it wrote. Every document carries a
//! checksum and is replaced atomically and durably: whatever moment the power
//! fails at, the store opens with the state before a commit or after it. A
//! document that is damaged nevertheless is passed over with a warning, for
//! the generation before it.

mod disk;
mod document;
mod error;
#[cfg(test)]
mod fault;
mod folder;
mod generation;
mod history;
mod image;
mod layer;
mod migrate;
mod name;
mod pending;
mod snapshot;
mod store;
#[cfg(test)]
mod tests;
mod time;

pub use error::Error;
pub use history::{History, Record};
pub use image::Image;
pub use layer::{Entry, Layer, Origin};
pub use migrate::{Outcome, migrate};
pub use name::{BadName, TransactionName};
pub use snapshot::{Change, Provenance, Snapshot};
pub use store::Store;
pub use time::rfc3339;
