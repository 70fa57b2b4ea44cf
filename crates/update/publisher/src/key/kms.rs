//! Keys in Amazon's Key Management Service: the digest of what is to be signed goes
//! there, the signature comes back.

use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;

use amazon::{Credentials, KmsAlgorithm, KmsKey};
use anyhow::{Context, Error, Result, bail};
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SecureRandom;
use pem::Pem;
use serde_json::json;
use tough::key_source::KeySource;
use tough::schema::key::Key;
use tough::sign::Sign;

pub(super) const SCHEME: &str = "aws-kms://";

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// `aws-kms://[PROFILE]/KEY`, as tuftool has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsUri {
    /// Whose credentials are used; those of the environment if nobody's.
    pub profile: Option<String>,
    /// Identifier, `alias/NAME`, or the ARN of either.
    pub key: String,
}

impl FromStr for KmsUri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let rest = text.strip_prefix(SCHEME);
        let parts = rest.and_then(|rest| rest.split_once('/'));
        let Some((profile, key)) = parts.filter(|(_, key)| !key.is_empty()) else {
            bail!(
                "`{text}` names no key; hint: {SCHEME}[PROFILE]/KEY, such as {SCHEME}/alias/root"
            );
        };
        Ok(Self {
            profile: (!profile.is_empty()).then(|| profile.to_owned()),
            key: key.to_owned(),
        })
    }
}

impl fmt::Display for KmsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = self.profile.as_deref().unwrap_or_default();
        write!(f, "{SCHEME}{profile}/{}", self.key)
    }
}

#[async_trait]
impl KeySource for KmsUri {
    async fn as_sign(&self) -> Result<Box<dyn Sign>, BoxError> {
        let signer = Signer::open(self).await;
        Ok(Box::new(signer.with_context(|| self.to_string())?))
    }

    async fn write(&self, _value: &str, _key_id_hex: &str) -> Result<(), BoxError> {
        Err("keys are not written to KMS".into())
    }
}

struct Signer {
    uri: KmsUri,
    place: KmsKey,
    credentials: Credentials,
    algorithm: KmsAlgorithm,
    public: Key,
}

impl Signer {
    async fn open(uri: &KmsUri) -> Result<Self> {
        let place = KmsKey::new(&uri.key)?;
        let credentials = Credentials::of_user(uri.profile.as_deref()).await?;
        let public = place.public_key(&credentials).await?;
        let (kind, scheme) = match public.algorithm {
            KmsAlgorithm::EcdsaP256 => ("ecdsa", "ecdsa-sha2-nistp256"),
            KmsAlgorithm::RsaPss => ("rsa", "rsassa-pss-sha256"),
        };
        let key = json!({
            "keytype": kind,
            "scheme": scheme,
            "keyval": { "public": pem::encode(&Pem::new("PUBLIC KEY", public.der)) },
        });
        Ok(Self {
            uri: uri.clone(),
            place,
            credentials,
            algorithm: public.algorithm,
            public: serde_json::from_value(key).context("its public half makes no sense")?,
        })
    }
}

#[async_trait]
impl Sign for Signer {
    fn tuf_key(&self) -> Key {
        self.public.clone()
    }

    async fn sign(
        &self,
        message: &[u8],
        _random: &(dyn SecureRandom + Sync),
    ) -> Result<Vec<u8>, BoxError> {
        let digest = digest(&SHA256, message);
        let signed = self
            .place
            .sign(self.algorithm, digest.as_ref(), &self.credentials);
        let signed = signed.await;
        Ok(signed.with_context(|| format!("failed to sign with {}", self.uri))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_key_go_there_and_back() {
        for (text, profile, key) in [
            ("aws-kms:///alias/root", None, "alias/root"),
            ("aws-kms:///1234abcd", None, "1234abcd"),
            (
                "aws-kms://release/arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
                Some("release"),
                "arn:aws:kms:eu-central-1:123456789012:key/1234abcd",
            ),
        ] {
            let uri: KmsUri = text.parse().unwrap();
            assert_eq!((uri.profile.as_deref(), uri.key.as_str()), (profile, key));
            assert_eq!(uri.to_string(), text);
        }
        for bad in [
            "aws-kms://",
            "aws-kms:///",
            "aws-kms://root",
            "aws-kms:root",
        ] {
            let error = bad.parse::<KmsUri>().unwrap_err();
            assert!(error.to_string().contains("hint:"), "{error}");
        }
    }
}
