//! The metadata services of clouds: what a node is told about itself.
//!
//! They answer plain HTTP at link-local addresses. A node asks right after the
//! network is started, so every question is asked again, at growing intervals,
//! until the network is there, the service has an answer, or [`Patience`] is
//! at its end. Proxies are never asked: the answers hold secrets.

mod azure;
mod ec2;
mod error;
mod gcp;
mod http;
mod openstack;
mod patience;

pub use azure::Azure;
pub use ec2::{Ec2, RoleCredentials};
pub use error::Error;
pub use gcp::Gcp;
pub use openstack::OpenStack;
pub use patience::{Attempts, Patience};

/// Larger answers are refused, in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Where the services listen, unless a cloud says otherwise.
const LINK_LOCAL: &str = "169.254.169.254:80";
