//! `settings.updates`: which updates the node takes, and from where.

use super::group;
use crate::{Bounded, Url, VersionLock};

group! {
    /// Which updates the node takes, and from where.
    Updates {
        /// Below which URL the signed metadata of the update repository are.
        metadata_base_url: Url,
        /// Below which URL the images of the update repository are.
        targets_base_url: Url,
        /// The node's place in the waves of an update: nodes with a lower number
        /// take it sooner. Unset, a random number is made at the first boot.
        seed: Bounded<0, { u32::MAX as i64 }>,
        /// The version to update to. Unset means `latest`.
        version_lock: VersionLock,
        /// Whether the node takes an update without waiting for its wave. Unset
        /// means no.
        ignore_waves: bool,
    }
}
