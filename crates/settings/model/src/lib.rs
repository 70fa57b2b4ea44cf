//! What a setting is: typed groups of validated values, the keys that name
//! them, and the trees they travel in.
//!
//! Settings cross every border (HTTP, user data, disk, templates) as a JSON
//! *tree*: objects inside objects, whose leaves are scalars or lists. Whether
//! a tree may be used is decided in one place, a [`Model`], by reading it into
//! typed groups whose fields cannot hold a bad value, and then asking the rules
//! between them. A [`Variant`] of the system chooses which groups its model has.
//!
//! The same types, and what is said about them, are the JSON Schema
//! ([`Model::schema`]) and the reference of the settings ([`Model::keys`]).
//!
//! To add a group: one file in `groups/` with a struct whose fields are all
//! optional, and one field in [`Settings`]. What a value alone cannot know is a
//! rule in `rules/`.

mod de;
mod docs;
mod error;
pub mod groups;
pub mod json;
pub mod key;
mod model;
mod rules;
mod schema;
mod settings;
pub mod tree;
mod values;
mod variant;

pub use docs::{KeyDoc, Kind};
pub use error::Error;
pub use key::Key;
pub use model::Model;
pub use settings::Settings;
pub use values::*;
pub use variant::{Platform, Variant, VariantError};
