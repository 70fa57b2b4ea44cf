//! What a setting is: typed groups of validated values, the keys that name
//! them, and the trees they travel in.
//!
//! Settings cross every border (HTTP, user data, disk, templates) as a JSON
//! *tree*: objects inside objects, whose leaves are scalars or lists. Whether
//! a tree may be used is decided in one place, [`Settings::from_tree`], by
//! reading it into typed groups whose fields cannot hold a bad value.
//!
//! To add a group: one file in `groups/` with a struct whose fields are all
//! optional, and one field in [`Settings`].

mod de;
mod error;
mod groups;
pub mod json;
pub mod key;
mod rules;
mod settings;
pub mod tree;
mod values;

pub use error::Error;
pub use groups::kernel::Kernel;
pub use groups::network::Network;
pub use groups::ntp::Ntp;
pub use key::Key;
pub use settings::{Settings, normalise, validate};
pub use values::{BadValue, Hostname, Motd, SingleLineString, SysctlKey, Url};
