//! Who a node is to Amazon, and what it is given for it: passwords of registries (ECR),
//! and tokens of clusters (EKS).
//!
//! Credentials are found as Amazon's own tools find them: in the environment, in what
//! `settings.aws` says, in the role of the instance.

mod credentials;
mod ecr;
mod eks;
mod sigv4;

pub use credentials::Credentials;
pub use ecr::{Password, Registry, main as ecr_credential_provider};
pub use eks::main as aws_iam_authenticator;

/// Why there is neither a password nor a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Nothing says who the node is.
    #[error(
        "this node has no credentials for Amazon; hint: give the instance a role, or set \
         aws.credentials"
    )]
    NoCredentials,
    /// The metadata service does not say who the node is.
    #[error("the role of this node: {0}")]
    Role(String),
    /// A service does not do as it should.
    #[error("{endpoint} gives no password: {why}")]
    Refused {
        /// Its address.
        endpoint: String,
        /// What it says.
        why: String,
    },
}

/// The runtime in which a program asks.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
