//! SELinux contexts of the node's domains.

/// System services: journald, networkd, ...
pub const SYSTEM: &str = "system_u:system_r:system_t:s0";
/// The device manager.
pub const UDEV: &str = "system_u:system_r:udev_t:s0";
/// Programs that partition, format and check disks.
pub const STORAGE: &str = "system_u:system_r:storage_t:s0";
/// Programs that render and apply settings.
pub const SETTINGS: &str = "system_u:system_r:settings_t:s0";
/// Programs that write an update.
pub const UPDATER: &str = "system_u:system_r:updater_t:s0";
/// Container runtimes.
pub const RUNTIME: &str = "system_u:system_r:runtime_t:s0";
/// An ordinary container, with categories as the runtime gives them.
pub const CONTAINER: &str = "system_u:system_r:container_t:s0:c1,c2";
/// A host container.
pub const CONTROL: &str = "system_u:system_r:control_t:s0";
/// A container that the orchestrator made privileged.
pub const PRIVILEGED: &str = "system_u:system_r:privileged_t:s0";
/// A superpowered host container.
pub const SUPER: &str = "system_u:system_r:super_t:s0";

/// Every domain that a probe can enter.
pub const ALL: [&str; 10] = [
    SYSTEM, UDEV, STORAGE, SETTINGS, UPDATER, RUNTIME, CONTAINER, CONTROL, PRIVILEGED, SUPER,
];

/// The domains that a probe can try something from: [`ALL`], and the agent's
/// own (`None`), which has most of root's capabilities.
pub fn everywhere() -> impl Iterator<Item = Option<&'static str>> {
    [None].into_iter().chain(ALL.into_iter().map(Some))
}

/// All of these contexts but some.
pub fn all_but<const N: usize>(left_out: [&str; N]) -> Vec<&'static str> {
    ALL.into_iter().filter(|c| !left_out.contains(c)).collect()
}
