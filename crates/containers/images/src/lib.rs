//! Images of containers (OCI Image Format and Distribution, version 1.1): fetched from
//! registries, verified, and kept by layer in a store that overlayfs mounts from.
//!
//! ```text
//! images/NAME.json    what an image consists of, by the name it was asked for
//! layers/CHAIN_ID     a layer, unpacked; there as a whole or not at all
//! lock                shared by those who pull, held alone to clean up
//! writing             held alone to keep what was pulled
//! ```
//!
//! A layer is unpacked while it comes in and never kept packed. What broke off is
//! taken up where it was; what is fetched has the digest that the manifest names, and
//! what is unpacked the one of the configuration.

mod archive;
mod causes;
#[cfg(feature = "ecr")]
mod ecr;
mod fetch;
mod layer;
mod pull;
mod registry;
mod signature;
mod store;

pub use archive::load;
pub use oci_client::Reference;
pub use oci_spec::image::{Config, ImageConfiguration};
pub use pull::pull;
pub use registry::{Credential, Mirror, Registries, Signatures};
pub use store::{Alone, Image, Lock, Store};

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its name makes no sense.
    #[error("`{name}` is no name of an image: {source}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: oci_client::ParseError,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Neither the registry nor a mirror gave it.
    #[error("failed to pull {image}: {}", attempts.join("; "))]
    Pull {
        /// The image.
        image: String,
        /// What each said.
        attempts: Vec<String>,
    },
    /// It has to be signed, and is not.
    #[error("{image} may not run: {why}")]
    Signature {
        /// Its digest.
        image: String,
        /// What is missing.
        why: String,
    },
    /// A registry does not do as it should.
    #[error("{}", causes::text(&**.0))]
    Registry(#[from] Box<oci_client::errors::OciDistributionError>),
    /// A layer cannot be unpacked.
    #[error("layer {digest}: {source}")]
    Layer {
        /// Its digest.
        digest: String,
        /// What is wrong with it.
        source: layers::Error,
    },
    /// The image contradicts itself, or asks for too much.
    #[error("the image is damaged: {0}")]
    Damaged(String),
    /// Mirrors or credentials make no sense.
    #[error("{0}")]
    Settings(String),
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl From<oci_client::errors::OciDistributionError> for Error {
    fn from(error: oci_client::errors::OciDistributionError) -> Self {
        Self::Registry(Box::new(error))
    }
}
