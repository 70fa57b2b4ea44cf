//! What a repository of updates says of them, in its target `manifest.json`:
//! which versions there are, for which variants and architectures, from when on
//! which nodes may take them ([`Waves`]), and which migrations lie between two
//! versions. The format is Bottlerocket's.

mod manifest;
mod schedule;
mod select;
mod waves;

pub use manifest::{Images, MANIFEST, Manifest, Step, Update};
pub use schedule::{Schedule, ScheduleError};
pub use select::{Choice, Lock, NoUpdate, Node, applicable, select};
pub use waves::{MAX_SEED, Waves};

/// Why a text is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not JSON, or not of this shape.
    #[error("the manifest is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// Waves are not in order.
    #[error(
        "the waves of {version} are not in the order of time: seed {seed} starts before the one below it"
    )]
    WaveOrder {
        /// Of which version.
        version: String,
        /// The first seed that is not in order.
        seed: u32,
    },
    /// A seed is out of range.
    #[error("the waves of {version} have the seed {seed}; seeds are below {MAX_SEED}")]
    WaveBound {
        /// Of which version.
        version: String,
        /// The seed.
        seed: u32,
    },
}
