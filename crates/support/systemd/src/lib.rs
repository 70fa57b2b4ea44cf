//! The service manager (org.freedesktop.systemd1(5)), over the system's bus: jobs
//! are asked for together, and each has a result.
//!
//! Its private socket would need no bus; but the sender that it writes into
//! messages is no unique name, which the D-Bus specification wants, and zbus
//! with it.

mod job;
mod manager;

pub use job::{Job, Verb};
pub use manager::{Error, Manager, SYSTEM_BUS};
