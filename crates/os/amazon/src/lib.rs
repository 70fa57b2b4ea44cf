//! Who a node is to Amazon, and what it is given for it: passwords of registries (ECR),
//! and tokens of clusters (EKS). For workstations: signatures (KMS).
//!
//! Credentials are found as Amazon's own tools find them: in the environment, in what
//! `settings.aws` says, in the role of the instance.

mod credentials;
mod ecr;
mod eks;
mod kms;
mod service;
mod sigv4;

pub use credentials::Credentials;
pub use ecr::{Password, Registry, main as ecr_credential_provider};
pub use eks::main as aws_iam_authenticator;
pub use kms::{KmsAlgorithm, KmsKey, KmsPublicKey};

/// Why there is no password, token or signature.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Nothing says who asks.
    #[error(
        "there are no credentials for Amazon; hint: give the instance a role, or set \
         aws.credentials; elsewhere AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name them"
    )]
    NoCredentials,
    /// A file has no such credentials.
    #[error("{file} has no credentials of the profile {profile}")]
    NoProfile {
        /// The file.
        file: String,
        /// The profile that was asked for.
        profile: String,
    },
    /// The metadata service does not say who asks.
    #[error(
        "there are no credentials for Amazon in the environment or a file, and of the role: {0}"
    )]
    Role(String),
    /// Nothing says where a key is.
    #[error("nothing says in which region {key} is; hint: give its ARN, or set AWS_REGION")]
    NoRegion {
        /// The key.
        key: String,
    },
    /// A service does not do as it should.
    #[error("{endpoint}: {why}")]
    Service {
        /// Its address.
        endpoint: String,
        /// What it says.
        why: String,
    },
}

/// Where a region's services are.
fn domain(region: &str) -> &'static str {
    match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    }
}

/// The runtime in which a program asks.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}
