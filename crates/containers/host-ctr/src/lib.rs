//! Runs the containers of the host: pulls an image, prepares its root, and runs it
//! with runc. There is no daemon: the process that a unit of systemd starts is the one
//! that waits for the container, and all that is left of it when it ends is the
//! image.
//!
//! ```text
//! /var/lib/host-ctr               the store of images
//! /var/lib/host-ctr/running/ID    what a container writes, as long as it runs
//! /run/host-ctr/ID                its bundle (OCI Runtime Specification)
//! /run/host-ctr/runc              runc's own notes
//! ```

mod cli;
mod container;
mod label;
mod lent;
mod rootfs;
mod run;
mod runc;
mod seccomp;
mod session;
mod settings;
mod spec;
mod user;

pub use cli::main;
pub use container::{Container, Kind};
