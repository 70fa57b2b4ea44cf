//! One file per group of settings. What is said here about a key is what the
//! reference of the settings and the JSON Schema say.

mod autoscaling;
mod aws;
mod boot;
mod bootstrap;
mod cloudformation;
mod container_registry;
mod container_runtime;
mod dns;
mod ecs;
mod host_containers;
mod image_verifier;
mod kernel;
mod kubelet_plugins;
mod kubernetes;
mod metrics;
mod network;
mod ntp;
mod nvidia_container_runtime;
mod oci_defaults;
mod oci_hooks;
mod pki;
mod updates;

pub use autoscaling::Autoscaling;
pub use aws::Aws;
pub use boot::{Boot, HealthCheck};
pub use bootstrap::{BootstrapCommand, BootstrapContainer, BootstrapMode};
pub use cloudformation::Cloudformation;
pub use container_registry::{
    ContainerRegistry, MirrorCapability, Mirrors, RegistryCredential, RegistryMirror,
};
pub use container_runtime::*;
pub use dns::Dns;
pub use ecs::*;
pub use host_containers::HostContainer;
pub use image_verifier::*;
pub use kernel::*;
pub use kubelet_plugins::*;
pub use kubernetes::*;
pub use metrics::Metrics;
pub use network::Network;
pub use ntp::Ntp;
pub use nvidia_container_runtime::NvidiaContainerRuntime;
pub use oci_defaults::*;
pub use oci_hooks::OciHooks;
pub use pki::CertificateAuthority;
pub use updates::Updates;

/// Declares a group of settings: each of its fields may be absent, and no other
/// is known.
macro_rules! group {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$about])*
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )*
        }
    };
}

pub(crate) use group;
