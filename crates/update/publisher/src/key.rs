//! Signing keys: in files, and in tokens and services that do not give them away.

#[cfg(feature = "aws-kms")]
mod kms;
mod pkcs11_uri;
mod token;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use tough::key_source::{KeySource, LocalKeySource};
use tough::sign::Sign;

#[cfg(feature = "aws-kms")]
pub use kms::KmsUri;
pub use pkcs11_uri::Pkcs11Uri;

/// Where a signing key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyLocation {
    /// In a file: Ed25519 or ECDSA P-256 (PKCS#8, DER), or RSA (PEM).
    File(PathBuf),
    /// In a PKCS#11 token, such as a hardware security module.
    Token(Pkcs11Uri),
    /// In Amazon's Key Management Service.
    #[cfg(feature = "aws-kms")]
    Kms(KmsUri),
}

impl KeyLocation {
    /// Makes a new key there: Ed25519 in a file that only its owner reads, ECDSA
    /// P-256 in a token.
    ///
    /// # Errors
    ///
    /// If there is a key already: one that is overwritten is lost. If keys are not made
    /// there.
    pub fn generate(&self) -> Result<()> {
        match self {
            Self::File(path) => generate_file(path),
            Self::Token(uri) => token::generate(uri).with_context(|| uri.to_string()),
            #[cfg(feature = "aws-kms")]
            Self::Kms(uri) => bail!(
                "{uri}: such keys are made by who owns the account; hint: `aws kms create-key \
                 --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256`"
            ),
        }
    }

    /// The key, ready to sign.
    pub(crate) async fn open(&self) -> Result<Box<dyn Sign>> {
        let key = self.source().as_sign().await.map_err(Error::from_boxed);
        key.with_context(|| match self {
            Self::File(path) => format!(
                "{} holds no key; hint: it must be in PKCS#8 (DER), as `publisher key` makes it",
                path.display()
            ),
            Self::Token(_) => "failed to use a key in a token".to_owned(),
            #[cfg(feature = "aws-kms")]
            Self::Kms(_) => "failed to use a key in KMS".to_owned(),
        })
    }

    pub(crate) fn source(&self) -> Box<dyn KeySource> {
        match self {
            Self::File(path) => Box::new(LocalKeySource { path: path.clone() }),
            Self::Token(uri) => Box::new(token::TokenKey::new(uri.clone())),
            #[cfg(feature = "aws-kms")]
            Self::Kms(uri) => Box::new(uri.clone()),
        }
    }
}

impl From<PathBuf> for KeyLocation {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl FromStr for KeyLocation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with(pkcs11_uri::SCHEME) {
            return Ok(Self::Token(text.parse()?));
        }
        #[cfg(feature = "aws-kms")]
        if text.starts_with(kms::SCHEME) {
            return Ok(Self::Kms(text.parse()?));
        }
        // No file is called like this: it would be a key that this build knows nothing of.
        if let Some((scheme, _)) = text.split_once("://") {
            bail!("`{text}`: keys of {scheme} are not supported");
        }
        Ok(Self::File(text.into()))
    }
}

impl fmt::Display for KeyLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Token(uri) => uri.fmt(f),
            #[cfg(feature = "aws-kms")]
            Self::Kms(uri) => uri.fmt(f),
        }
    }
}

fn generate_file(path: &Path) -> Result<()> {
    let exists = files::at("look for", path, path.try_exists())?;
    ensure!(
        !exists,
        "{} exists already; hint: choose another name",
        path.display()
    );
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .ok()
        .context("failed to generate a key")?;
    Ok(files::replace(path, key.as_ref(), 0o600)?)
}
