//! Makes signed repositories of updates (The Update Framework, version 1.0) from
//! built images. A repository is a folder of files, for any web server:
//!
//! ```text
//! metadata/   1.root.json, timestamp.json, N.snapshot.json, N.targets.json
//! targets/    SHA256.NAME: the manifest, the parts of each version (LZ4), and
//!             migrations
//! ```
//!
//! `metadata/1.root.json` is what nodes trust: it is put into images.

mod image;
mod key;
mod migrations;
mod repository;
mod root;

pub use image::Image;
#[cfg(feature = "aws-kms")]
pub use key::KmsUri;
pub use key::{KeyLocation, Pkcs11Uri};
pub use migrations::Migrations;
pub use repository::{Repository, Signers};
pub use root::{Roles, create as create_root};
