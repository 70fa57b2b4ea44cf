//! The two slots of a node: which one boots, which one is good (applet
//! `signpost`).
//!
//! The boot loader (systemd-boot) decides by the boot entries on the ESP, which
//! this is the only program to write; see [`slots`](crate::Slots) for what they
//! mean. [`gpt`] changes the identities by which init finds a slot's partitions.

mod cli;
mod entry;
mod folder;
pub mod gpt;
mod node;
mod slots;

pub use cli::main;
pub use entry::{Entry, EntryName, Slot, Tries};
pub use folder::{Directory, Folder};
pub use node::{Disk, Error as NodeError, Esp};
pub use slots::{Error, Health, Slots, State, TRIES};
