//! The harness of the booted tests.
//!
//! The tests take the image of the folder in the environment variable
//! `BOTTLEROCKET_IMAGE_DIR` (by default that of `metal-dev`), and QEMU from the
//! tree in `BOTTLEROCKET_TOOLS` (by default the image builder's). What a virtual
//! machine leaves behind (console, overlay) stays in `build/end-to-end/NAME`
//! until the next run.

pub mod api;
pub mod context;
pub mod damage;
mod denials;
mod ec2;
mod image;
mod machine;
pub mod registry;
pub mod release;
mod shared;

pub use denials::{Denial, denials};
pub use ec2::instance_of_ec2;
pub use image::{Image, copy_sparse, workspace};
pub use machine::{BOOT, direct, direct_with, disk, image_tools, machine, through_firmware};
pub use shared::{Subject, on_node};
