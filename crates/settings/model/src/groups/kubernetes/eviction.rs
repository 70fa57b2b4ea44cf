//! Shortages that end pods.

use crate::groups::group;
use crate::{EvictionThreshold, GoDuration};

group! {
    /// The shortages at which pods are ended: for each signal how much is left,
    /// as a quantity or in percent.
    EvictionThresholds {
        /// Memory of the node.
        #[serde(rename = "memory.available")]
        memory_available: EvictionThreshold,
        /// Space on the file system of the kubelet.
        #[serde(rename = "nodefs.available")]
        nodefs_available: EvictionThreshold,
        /// Inodes on the file system of the kubelet.
        #[serde(rename = "nodefs.inodesFree")]
        nodefs_inodes_free: EvictionThreshold,
        /// Space on the file system of images.
        #[serde(rename = "imagefs.available")]
        imagefs_available: EvictionThreshold,
        /// Inodes on the file system of images.
        #[serde(rename = "imagefs.inodesFree")]
        imagefs_inodes_free: EvictionThreshold,
        /// Process ids.
        #[serde(rename = "pid.available")]
        pid_available: EvictionThreshold,
    }
}

group! {
    /// How long a shortage has to last, by signal.
    EvictionGracePeriods {
        /// For memory of the node.
        #[serde(rename = "memory.available")]
        memory_available: GoDuration,
        /// For space on the file system of the kubelet.
        #[serde(rename = "nodefs.available")]
        nodefs_available: GoDuration,
        /// For inodes on the file system of the kubelet.
        #[serde(rename = "nodefs.inodesFree")]
        nodefs_inodes_free: GoDuration,
        /// For space on the file system of images.
        #[serde(rename = "imagefs.available")]
        imagefs_available: GoDuration,
        /// For inodes on the file system of images.
        #[serde(rename = "imagefs.inodesFree")]
        imagefs_inodes_free: GoDuration,
        /// For process ids.
        #[serde(rename = "pid.available")]
        pid_available: GoDuration,
    }
}
