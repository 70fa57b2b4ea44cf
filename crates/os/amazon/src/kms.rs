//! Amazon's Key Management Service: keys that sign and never leave it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use crate::service::Service;
use crate::{Credentials, Error, domain};

/// A key: where it is, and what it is called there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsKey {
    id: String,
    region: String,
    endpoint: String,
}

/// How a key signs the SHA-256 of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KmsAlgorithm {
    /// ECDSA on P-256; signatures are in DER.
    EcdsaP256,
    /// RSA with PSS; the salt is as long as the hash.
    RsaPss,
}

impl KmsAlgorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ECDSA_SHA_256",
            Self::RsaPss => "RSASSA_PSS_SHA_256",
        }
    }
}

/// The half of a key that everybody may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsPublicKey {
    /// What the key is for.
    pub algorithm: KmsAlgorithm,
    /// SubjectPublicKeyInfo in DER (RFC 5280).
    pub der: Vec<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetPublicKey {
    public_key: String,
    #[serde(default)]
    signing_algorithms: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sign {
    signature: String,
}

impl KmsKey {
    /// `id` is the key's identifier, `alias/NAME` or the ARN of either, which has the
    /// region; otherwise the environment must have it (`AWS_REGION`).
    /// `AWS_ENDPOINT_URL_KMS` is an endpoint of another kind.
    ///
    /// # Errors
    ///
    /// If nothing says the region.
    pub fn new(id: &str) -> Result<Self, Error> {
        Self::with(id, |name| {
            std::env::var(name).ok().filter(|value| !value.is_empty())
        })
    }

    fn with(id: &str, environment: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        // arn:PARTITION:kms:REGION:ACCOUNT:key/ID
        let named = id
            .strip_prefix("arn:")
            .and_then(|arn| arn.split(':').nth(2));
        let region = named
            .map(str::to_owned)
            .or_else(|| environment("AWS_REGION"))
            .or_else(|| environment("AWS_DEFAULT_REGION"))
            .ok_or_else(|| Error::NoRegion { key: id.to_owned() })?;
        let endpoint = environment("AWS_ENDPOINT_URL_KMS")
            .unwrap_or_else(|| format!("https://kms.{region}.{}", domain(&region)));
        Ok(Self {
            id: id.to_owned(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region,
        })
    }

    /// Asks for the public half.
    ///
    /// # Errors
    ///
    /// If it is not given, or the key cannot sign as [`KmsAlgorithm`] has it.
    pub async fn public_key(&self, credentials: &Credentials) -> Result<KmsPublicKey, Error> {
        let question = json!({ "KeyId": self.id });
        let service = self.service();
        let target = "TrentService.GetPublicKey";
        let answer: GetPublicKey = service.call(target, &question, credentials).await?;
        let algorithm = [KmsAlgorithm::EcdsaP256, KmsAlgorithm::RsaPss]
            .into_iter()
            .find(|a| answer.signing_algorithms.iter().any(|can| can == a.name()));
        Ok(KmsPublicKey {
            algorithm: algorithm.ok_or_else(|| {
                service.failed(format_args!(
                    "{} does not sign as it must; hint: make a key with `aws kms create-key \
                     --key-usage SIGN_VERIFY --key-spec ECC_NIST_P256`",
                    self.id
                ))
            })?,
            der: self.decode(&answer.public_key)?,
        })
    }

    /// Has a message signed whose SHA-256 this is.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub async fn sign(
        &self,
        algorithm: KmsAlgorithm,
        digest: &[u8],
        credentials: &Credentials,
    ) -> Result<Vec<u8>, Error> {
        let question = json!({
            "KeyId": self.id,
            "Message": STANDARD.encode(digest),
            "MessageType": "DIGEST",
            "SigningAlgorithm": algorithm.name(),
        });
        let target = "TrentService.Sign";
        let answer: Sign = self.service().call(target, &question, credentials).await?;
        self.decode(&answer.signature)
    }

    fn decode(&self, text: &str) -> Result<Vec<u8>, Error> {
        STANDARD.decode(text).map_err(|e| self.service().failed(e))
    }

    fn service(&self) -> Service<'_> {
        Service {
            endpoint: &self.endpoint,
            region: &self.region,
            name: "kms",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd";

    #[test]
    fn an_arn_has_the_region_of_its_key_and_others_are_in_that_of_the_environment() {
        let with = |id: &str, set: &[(&str, &str)]| {
            KmsKey::with(id, |name| {
                let found = set.iter().find(|(other, _)| *other == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let region = ("AWS_REGION", "eu-central-1");
        for (id, set, endpoint) in [
            (
                ARN,
                &[region][..],
                "https://kms.cn-north-1.amazonaws.com.cn",
            ),
            (
                "alias/root",
                &[region],
                "https://kms.eu-central-1.amazonaws.com",
            ),
            (
                "1234abcd",
                &[("AWS_DEFAULT_REGION", "us-east-1")],
                "https://kms.us-east-1.amazonaws.com",
            ),
            (
                "1234abcd",
                &[region, ("AWS_ENDPOINT_URL_KMS", "http://localhost:1/")],
                "http://localhost:1",
            ),
        ] {
            let key = with(id, set).expect("a key");
            assert_eq!((key.id.as_str(), key.endpoint.as_str()), (id, endpoint));
        }
        let error = with("alias/root", &[]).expect_err("no region");
        assert!(error.to_string().contains("AWS_REGION"), "{error}");
    }
}
