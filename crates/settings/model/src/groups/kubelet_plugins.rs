//! `settings.kubelet-device-plugins` and `settings.kubelet-dra-drivers`: devices
//! for pods.

use std::collections::BTreeMap;

use super::group;
use crate::values::choice;
use crate::{Bounded, GpuModel, MigProfile, OneOrMany};

group! {
    /// Device plugins of the kubelet.
    KubeletDevicePlugins {
        /// The plugin for NVIDIA's GPUs.
        nvidia: NvidiaDevicePlugin,
    }
}

group! {
    /// How NVIDIA's GPUs are offered to pods.
    NvidiaDevicePlugin {
        /// Whether the kubelet is told the device files of a GPU. Unset means
        /// yes.
        pass_device_specs: bool,
        /// How containers are told which GPU is theirs. Unset means `index`.
        device_id_strategy: DeviceIdStrategy,
        /// How GPUs get into a container: one way, or a list of ways whose first
        /// is the default. Unset means `volume-mounts`.
        device_list_strategy: OneOrMany<DeviceListStrategy>,
        /// How containers share a GPU. Unset means `none`.
        device_sharing_strategy: DeviceSharingStrategy,
        /// Sharing by time slices, if `device-sharing-strategy` says so.
        time_slicing: TimeSlicing,
        /// Sharing by NVIDIA's Multi-Process Service, if
        /// `device-sharing-strategy` says so.
        mps: MultiProcessService,
        /// How a GPU is partitioned. Unset means `none`.
        device_partitioning_strategy: DevicePartitioningStrategy,
        /// Partitions, if `device-partitioning-strategy` is `mig`.
        mig: MultiInstanceGpu,
    }
}

choice! {
    /// How containers are told which GPU is theirs.
    DeviceIdStrategy {
        /// By its number.
        Index = "index",
        /// By its identifier.
        Uuid = "uuid",
    }
}

choice! {
    /// How GPUs get into a container.
    DeviceListStrategy {
        /// As mounts that the container runtime understands.
        VolumeMounts = "volume-mounts",
        /// As the environment variable `NVIDIA_VISIBLE_DEVICES`.
        Envvar = "envvar",
        /// As devices of the Container Device Interface.
        CdiCri = "cdi-cri",
    }
}

choice! {
    /// How containers share a GPU.
    DeviceSharingStrategy {
        /// They do not.
        None = "none",
        /// One after the other.
        TimeSlicing = "time-slicing",
        /// At the same time, through the Multi-Process Service.
        Mps = "mps",
    }
}

group! {
    /// Sharing of GPUs by time slices.
    TimeSlicing {
        /// How many containers share a GPU.
        replicas: Bounded<2, { i32::MAX as i64 }>,
        /// Whether shared GPUs are offered as `nvidia.com/gpu.shared`. Unset
        /// means yes.
        rename_by_default: bool,
        /// Whether a pod that asks for more than one share is refused, since it
        /// would get no more of the GPU. Unset means yes.
        fail_requests_greater_than_one: bool,
    }
}

group! {
    /// Sharing of GPUs through the Multi-Process Service.
    MultiProcessService {
        /// How many containers share a GPU. Unset means 2.
        replicas: Bounded<2, 48>,
        /// Whether shared GPUs are offered as `nvidia.com/gpu.shared`. Unset
        /// means yes.
        rename_by_default: bool,
    }
}

choice! {
    /// How a GPU is partitioned.
    DevicePartitioningStrategy {
        /// Not at all.
        None = "none",
        /// Into instances (Multi-Instance GPU).
        Mig = "mig",
    }
}

group! {
    /// Partitions of GPUs. A change takes effect at the next boot.
    MultiInstanceGpu {
        /// The profile of each partition, by model of GPU.
        #[schemars(extend("x-name" = "model"))]
        profile: BTreeMap<GpuModel, MigProfile>,
    }
}

group! {
    /// Drivers of Dynamic Resource Allocation.
    KubeletDraDrivers {
        /// The driver for NVIDIA's GPUs.
        nvidia: NvidiaDraDriver,
    }
}

group! {
    /// The driver of Dynamic Resource Allocation for NVIDIA's GPUs.
    NvidiaDraDriver {
        /// Whether it runs. Unset means no.
        enabled: bool,
    }
}
