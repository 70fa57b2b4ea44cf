//! Runs a node in QEMU and talks to it.
//!
//! [`Node`] is a virtual machine that lives as long as its starter: the tests
//! use it. [`Detached`] is one in the background, known by its state folder:
//! the program `vm` uses it. Both are reached over the same [`Channel`].

mod accelerator;
mod architecture;
mod arguments;
mod channel;
mod console;
mod detached;
mod error;
mod launch;
mod launcher;
mod monitor;
mod node;
mod options;
mod procfs;
mod relay;
pub mod report;
mod sockets;

/// Files of a state folder that make the next virtual machine there the same
/// one to its guest: the UEFI variables and the machine's UUID.
pub const IDENTITY_FILES: [&str; 2] = [arguments::FIRMWARE_VARIABLES, arguments::UUID];

pub use accelerator::Accelerator;
pub use architecture::Architecture;
pub use channel::Channel;
pub use console::Console;
pub use detached::{Detached, State};
pub use error::{Error, Result, Tail};
pub use node::Node;
pub use options::{
    Attachment, Boot, Bus, Choice, Disk, Forward, Identity, Medium, Network, Options, Service,
    UserData,
};
pub use relay::relay;
