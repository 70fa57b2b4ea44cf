//! Signatures of images, as cosign makes them with a key (ECDSA P-256, SHA-256): in an
//! image beside the signed one, whose tag is the digest that is signed and whose layers
//! are statements, each with its signature as an annotation.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci_client::Reference;
use serde::Deserialize;

use crate::pull::{blob, manifest};
use crate::registry::Source;
use crate::{Error, hex};

const KIND: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
/// What the statement says that it is.
const TYPE: &str = "cosign container image signature";
const MAX_STATEMENT_BYTES: i64 = 64 << 10;
/// More signatures of one image are not looked at.
const MAX_SIGNATURES: usize = 32;

/// A key that signs images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// SubjectPublicKeyInfo (RFC 5280) in DER.
    der: Vec<u8>,
}

/// What is signed (containers/image, "simple signing").
#[derive(Debug, Deserialize)]
struct Statement {
    critical: Critical,
}

#[derive(Debug, Deserialize)]
struct Critical {
    #[serde(rename = "type")]
    kind: String,
    image: Signed,
}

#[derive(Debug, Deserialize)]
struct Signed {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl Key {
    /// A key in base64 of PEM (RFC 7468), as settings have it.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::Settings(
                "a key of `signatures` is none; hint: base64 of a file with BEGIN PUBLIC KEY, \
                 as cosign generate-key-pair writes it"
                    .to_owned(),
            )
        };
        let pem = STANDARD.decode(text).map_err(|_| wrong())?;
        let pem = String::from_utf8(pem).map_err(|_| wrong())?;
        let (_, rest) = pem
            .split_once("-----BEGIN PUBLIC KEY-----")
            .ok_or_else(wrong)?;
        let (body, _) = rest
            .split_once("-----END PUBLIC KEY-----")
            .ok_or_else(wrong)?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| wrong())?;
        Ok(Self { der })
    }

    /// What it is told by: the SHA-256 of it, in hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        hex(digest(&SHA256, &self.der).as_ref())
    }

    /// Whether it has signed a statement about an image.
    fn has_signed(&self, statement: &[u8], signature: &[u8], image: &str) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.der);
        if key.verify(statement, signature).is_err() {
            return false;
        }
        let parsed: Result<Statement, _> = serde_json::from_slice(statement);
        parsed.is_ok_and(|statement| {
            let Critical {
                kind,
                image: signed,
            } = statement.critical;
            kind == TYPE && signed.digest == image
        })
    }
}

/// Verifies that one of the keys has signed an image, which is given by the digest that
/// its name stands for; returns the fingerprint of that key.
pub(crate) async fn verify(source: &Source, image: &str, keys: &[Key]) -> Result<String, Error> {
    let unsigned = |why: &str| Error::Signature {
        image: image.to_owned(),
        why: why.to_owned(),
    };
    let tag = format!("{}.sig", image.replacen(':', "-", 1));
    let own = &source.image;
    let mut beside =
        Reference::with_tag(own.registry().to_owned(), own.repository().to_owned(), tag);
    if own.resolve_registry() != own.registry() {
        beside.set_mirror_registry(own.resolve_registry().to_owned());
    }
    let beside = source.of(beside);
    let (signatures, _) = manifest(&beside)
        .await
        .map_err(|error| unsigned(&format!("there is no signature: {error}")))?;
    for layer in signatures.layers.iter().take(MAX_SIGNATURES) {
        let annotations = layer.annotations.as_ref();
        let signature = annotations.and_then(|annotations| annotations.get(SIGNATURE));
        let Some(Ok(signature)) = signature.map(|text| STANDARD.decode(text)) else {
            continue;
        };
        if layer.media_type != KIND {
            continue;
        }
        let statement = blob(&beside, layer, MAX_STATEMENT_BYTES).await?;
        let signer = keys
            .iter()
            .find(|key| key.has_signed(&statement, &signature, image));
        if let Some(key) = signer {
            return Ok(key.fingerprint());
        }
    }
    Err(unsigned("no key of `signatures` has signed it"))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_is_good_for_its_image_and_its_key_alone() {
        let pair = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let key = |pair: &EcdsaKeyPair| {
            let der = pair.public_key().as_der().expect("DER");
            let body = STANDARD.encode(der.as_ref());
            let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
            Key::parse(&STANDARD.encode(pem)).expect("a key")
        };
        let (one, other) = (pair(), pair());
        let statement = |kind: &str, digest: &str| {
            let image = json!({"docker-manifest-digest": digest});
            json!({"critical": {"type": kind, "image": image, "identity": {}}, "optional": null})
                .to_string()
                .into_bytes()
        };
        let sign = |text: &[u8]| {
            let signature = one.sign(&SystemRandom::new(), text).expect("a signature");
            signature.as_ref().to_vec()
        };
        let good = statement(TYPE, "sha256:aa");
        let signature = sign(&good);
        assert!(key(&one).has_signed(&good, &signature, "sha256:aa"));
        assert!(!key(&other).has_signed(&good, &signature, "sha256:aa"));
        assert!(!key(&one).has_signed(&good, &signature, "sha256:bb"));
        let changed = statement(TYPE, "sha256:bb");
        assert!(!key(&one).has_signed(&changed, &signature, "sha256:bb"));
        for text in [statement("something else", "sha256:aa"), b"{".to_vec()] {
            assert!(!key(&one).has_signed(&text, &sign(&text), "sha256:aa"));
        }
        assert!(!key(&one).has_signed(&good, b"", "sha256:aa"));
        assert_ne!(key(&one).fingerprint(), key(&other).fingerprint());
    }

    #[test]
    fn what_is_no_key_is_explained() {
        for text in [
            "?",
            "",
            "aGVsbG8=",
            &STANDARD.encode("-----BEGIN PUBLIC KEY-----\n?"),
        ] {
            let error = Key::parse(text).expect_err(text).to_string();
            assert!(error.contains("hint: "), "{error}");
        }
    }
}
