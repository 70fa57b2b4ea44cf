//! Rules for `settings.kubelet-device-plugins`.

use super::Faults;
use crate::Settings;
use crate::groups::{DevicePartitioningStrategy, DeviceSharingStrategy};

/// NVIDIA's plugin does not start if it is told to use both, and the node would
/// offer no GPUs.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    let nvidia = settings
        .kubelet_device_plugins
        .as_ref()
        .and_then(|plugins| plugins.nvidia.as_ref());
    if nvidia.is_some_and(|nvidia| {
        nvidia.device_sharing_strategy == Some(DeviceSharingStrategy::Mps)
            && nvidia.device_partitioning_strategy == Some(DevicePartitioningStrategy::Mig)
    }) {
        faults.add(
            &[
                "kubelet-device-plugins",
                "nvidia",
                "device-sharing-strategy",
            ],
            "it must not be `mps` while `device-partitioning-strategy` is `mig`",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn shared_or_partitioned() {
        let nvidia = |sharing: &str, partitioning: &str| {
            json!({"kubelet-device-plugins": {"nvidia": {
                "device-sharing-strategy": sharing,
                "device-partitioning-strategy": partitioning,
            }}})
        };
        table(
            &[
                nvidia("mps", "none"),
                nvidia("none", "mig"),
                nvidia("time-slicing", "mig"),
            ],
            &[(
                nvidia("mps", "mig"),
                "settings.kubelet-device-plugins.nvidia.device-sharing-strategy: \
                 it must not be `mps` while `device-partitioning-strategy` is `mig`",
            )],
        );
    }
}
