//! `settings.nvidia-container-runtime`: how containers ask for GPUs.

use super::group;

group! {
    /// How containers ask for NVIDIA's GPUs.
    NvidiaContainerRuntime {
        /// Whether a container may ask by mounts below
        /// `/var/run/nvidia-container-devices`. Unset means yes.
        visible_devices_as_volume_mounts: bool,
        /// Whether a container without privileges may ask by the environment
        /// variable `NVIDIA_VISIBLE_DEVICES`. Unset means no.
        visible_devices_envvar_when_unprivileged: bool,
    }
}
