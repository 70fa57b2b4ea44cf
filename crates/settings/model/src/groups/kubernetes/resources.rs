//! What pods do not get.

use crate::Quantity;
use crate::groups::group;

group! {
    /// What is kept from pods.
    ReservedResources {
        /// Processor time, such as `100m` for a tenth of a processor.
        cpu: Quantity,
        /// Memory in bytes, such as `500Mi`.
        memory: Quantity,
        /// Disk space in bytes, such as `1Gi`.
        ephemeral_storage: Quantity,
        /// Process ids.
        pid: Quantity,
    }
}

group! {
    /// What is kept from pods on a NUMA node.
    ReservedMemory {
        /// Whether this entry counts. Unset means no.
        enabled: bool,
        /// Memory in bytes, such as `500Mi`.
        memory: Quantity,
        /// Huge pages of 1 GiB, in bytes.
        #[serde(rename = "hugepages-1Gi")]
        hugepages_1gi: Quantity,
        /// Huge pages of 2 MiB, in bytes.
        #[serde(rename = "hugepages-2Mi")]
        hugepages_2mi: Quantity,
    }
}
