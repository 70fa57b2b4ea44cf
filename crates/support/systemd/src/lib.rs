//! The service manager (org.freedesktop.systemd1(5)), over its private socket:
//! jobs are asked for together, and each has a result.
//!
//! The private socket is for root, and there from the first moment on; the
//! system bus is neither needed nor asked. It speaks D-Bus from peer to peer.

mod job;
mod manager;

pub use job::{Job, Verb};
pub use manager::{Error, Manager, PRIVATE_SOCKET};
