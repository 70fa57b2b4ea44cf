//! The first process of the system, `/init` of the initramfs.
//!
//! It finds the two partitions of its slot by the verity root hash on the
//! kernel command line, puts a verified read-only root together from them,
//! loads the SELinux policy, makes `/etc`, and becomes systemd. It runs no
//! other program and reads no configuration; whatever it cannot do ends in a
//! restart, so that the boot counter of the boot loader moves on to the other
//! slot.
//!
//! Everything that reads untrusted bytes (partition table, verity superblock,
//! command line) is a pure function in a file of its own: tables and random
//! input are in `tests/`, fuzz targets in `fuzz/`.
//!
//! The whole initramfs is loaded by the firmware at each boot, so this program
//! has to be tiny: it links statically, and depends on little.

pub mod cmdline;
pub mod crc32;
pub mod disks;
pub mod gpt;
pub mod machine_id;
pub mod root_hash;
pub mod verity;

mod boot;
mod device_mapper;
mod drivers;
mod etc;
mod fatal;
mod log;
mod modules;
mod mounts;
mod raw;
mod selinux;
mod uevent;

pub use boot::{Error, boot};
pub use disks::disk_names;
pub use fatal::fatal;
pub use log::Log;
pub use modules::Modules;
pub use mounts::kernel_file_systems;
pub use uevent::Events;
