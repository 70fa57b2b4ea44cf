//! Keys in PKCS#11 tokens: what is to be signed goes in, the signature comes out.

use std::collections::HashMap;
use std::error::Error as StdError;

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SecureRandom;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use tough::key_source::KeySource;
use tough::schema::key::{EcdsaKey, EcdsaScheme, Ed25519Key, Ed25519Scheme, Key};
use tough::sign::Sign;

use super::pkcs11_uri::{Pin, Pkcs11Uri};

/// The object identifier of the curve P-256, in DER.
const P256: [u8; 10] = [0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P256_SCALAR: usize = 32;
const P256_POINT: usize = 65;
const ED25519_POINT: usize = 32;
const DER_INTEGER: u8 = 0x02;
const DER_OCTET_STRING: u8 = 0x04;
const DER_SEQUENCE: u8 = 0x30;

type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// A key that a URI names.
#[derive(Debug)]
pub(super) struct TokenKey {
    uri: Pkcs11Uri,
}

impl TokenKey {
    pub(super) fn new(uri: Pkcs11Uri) -> Self {
        Self { uri }
    }
}

#[async_trait]
impl KeySource for TokenKey {
    async fn as_sign(&self) -> Result<Box<dyn Sign>, BoxError> {
        let signer = Signer::open(&self.uri).with_context(|| self.uri.to_string())?;
        Ok(Box::new(signer))
    }

    async fn write(&self, _value: &str, _key_id_hex: &str) -> Result<(), BoxError> {
        Err("keys are not written to tokens".into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    P256,
    Ed25519,
}

struct Signer {
    uri: Pkcs11Uri,
    algorithm: Algorithm,
    point: Vec<u8>,
}

impl Signer {
    fn open(uri: &Pkcs11Uri) -> Result<Self> {
        let session = open(uri, Access::Read)?;
        let key = find(&session, uri, ObjectClass::PUBLIC_KEY)?;
        find(&session, uri, ObjectClass::PRIVATE_KEY)?;
        let [mut point, mut curve] = [Vec::new(), Vec::new()];
        let mut kind = None;
        let wanted = [
            AttributeType::KeyType,
            AttributeType::EcParams,
            AttributeType::EcPoint,
        ];
        for attribute in session.get_attributes(key, &wanted)? {
            match attribute {
                Attribute::KeyType(key_type) => kind = Some(key_type),
                Attribute::EcParams(bytes) => curve = bytes,
                Attribute::EcPoint(bytes) => point = bytes,
                _ => {}
            }
        }
        let (algorithm, length) = match kind {
            Some(KeyType::EC) if curve == P256 => (Algorithm::P256, P256_POINT),
            Some(KeyType::EC_EDWARDS) => (Algorithm::Ed25519, ED25519_POINT),
            _ => bail!("it is of another kind; hint: it must be ECDSA on P-256, or Ed25519"),
        };
        // The standard has it in an octet string; not all tokens do.
        if let [DER_OCTET_STRING, size, bare @ ..] = point.as_slice()
            && bare.len() == usize::from(*size)
        {
            point = bare.to_vec();
        }
        ensure!(
            point.len() == length,
            "its public half has {} bytes in place of {length}",
            point.len()
        );
        Ok(Self {
            uri: uri.clone(),
            algorithm,
            point,
        })
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>> {
        let session = open(&self.uri, Access::Read)?;
        let key = find(&session, &self.uri, ObjectClass::PRIVATE_KEY)?;
        match self.algorithm {
            Algorithm::P256 => {
                let digest = digest(&SHA256, message);
                let signature = session.sign(&Mechanism::Ecdsa, key, digest.as_ref())?;
                to_der(&signature).context("the token's signature makes no sense")
            }
            Algorithm::Ed25519 => {
                let pure = EddsaParams::new(EddsaSignatureScheme::Pure);
                Ok(session.sign(&Mechanism::Eddsa(pure), key, message)?)
            }
        }
    }
}

#[async_trait]
impl Sign for Signer {
    fn tuf_key(&self) -> Key {
        let public = self.point.clone();
        match self.algorithm {
            Algorithm::P256 => Key::Ecdsa {
                keyval: EcdsaKey {
                    public: public.into(),
                    _extra: HashMap::new(),
                },
                scheme: EcdsaScheme::EcdsaSha2Nistp256,
                _extra: HashMap::new(),
            },
            Algorithm::Ed25519 => Key::Ed25519 {
                keyval: Ed25519Key {
                    public: public.into(),
                    _extra: HashMap::new(),
                },
                scheme: Ed25519Scheme::Ed25519,
                _extra: HashMap::new(),
            },
        }
    }

    async fn sign(
        &self,
        message: &[u8],
        _random: &(dyn SecureRandom + Sync),
    ) -> Result<Vec<u8>, BoxError> {
        let signature = self.signature(message);
        Ok(signature.with_context(|| format!("failed to sign with {}", self.uri))?)
    }
}

/// Makes a key in the token.
pub(super) fn generate(uri: &Pkcs11Uri) -> Result<()> {
    let session = open(uri, Access::Write)?;
    let existing = session.find_objects(&name(uri))?;
    ensure!(
        existing.is_empty(),
        "there is such a key already; hint: choose another name"
    );
    let public = [
        name(uri),
        vec![
            Attribute::Token(true),
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(P256.to_vec()),
        ],
    ];
    let private = [
        name(uri),
        vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ],
    ];
    session.generate_key_pair(
        &Mechanism::EccKeyPairGen,
        &public.concat(),
        &private.concat(),
    )?;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// Speaks to the token, logged in.
fn open(uri: &Pkcs11Uri, access: Access) -> Result<Session> {
    let module = Pkcs11::new(&uri.module).with_context(|| {
        format!(
            "failed to load {}; hint: `module-path` names the library of the token",
            uri.module.display()
        )
    })?;
    let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    match module.initialize(locking) {
        Ok(()) | Err(TokenError::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(e) => return Err(e).context("failed to initialise the library of the token"),
    }
    let slot = slot(&module, uri)?;
    let session = match access {
        Access::Read => module.open_ro_session(slot)?,
        Access::Write => module.open_rw_session(slot)?,
    };
    if module.get_token_info(slot)?.login_required() {
        let pin = match &uri.pin {
            Some(Pin::Value(pin)) => pin.clone(),
            Some(Pin::File(path)) => files::read_to_string(path)?.trim_end().to_owned(),
            None => bail!("it needs a PIN; hint: `pin-source=file:PATH` names a file with it"),
        };
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(e) => return Err(e).context("failed to log in"),
        }
    }
    Ok(session)
}

fn slot(module: &Pkcs11, uri: &Pkcs11Uri) -> Result<Slot> {
    let mut found = Vec::new();
    for slot in module.get_slots_with_initialized_token()? {
        let token = module.get_token_info(slot)?;
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        if is(&uri.token, token.label()) && is(&uri.serial, token.serial_number()) {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => bail!("there is no such token"),
        _ => bail!("there are several such tokens; hint: `token` and `serial` tell them apart"),
    }
}

fn find(session: &Session, uri: &Pkcs11Uri, class: ObjectClass) -> Result<ObjectHandle> {
    let mut wanted = name(uri);
    wanted.push(Attribute::Class(class));
    match session.find_objects(&wanted)?.as_slice() {
        [key] => Ok(*key),
        [] => bail!("the token has no such key (or not both halves of it)"),
        _ => bail!("the token has several such keys; hint: `object` and `id` tell them apart"),
    }
}

fn name(uri: &Pkcs11Uri) -> Vec<Attribute> {
    let label = uri.object.as_ref().map(|l| l.clone().into_bytes());
    let label = label.map(Attribute::Label);
    label
        .into_iter()
        .chain(uri.id.clone().map(Attribute::Id))
        .collect()
}

/// A signature of two numbers side by side as TUF has it: a sequence of integers
/// in DER (RFC 3279, section 2.2.3).
fn to_der(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at_checked(P256_SCALAR)?;
    if s.len() != P256_SCALAR {
        return None;
    }
    let mut integers = Vec::new();
    for number in [r, s] {
        let digits = number.iter().position(|b| *b != 0).map(|at| &number[at..]);
        let digits = digits.unwrap_or(&[0]);
        // The highest bit is the sign.
        let sign: &[u8] = if digits[0] & 0x80 == 0 { &[] } else { &[0] };
        integers.extend([DER_INTEGER, (sign.len() + digits.len()) as u8]);
        integers.extend([sign, digits].concat());
    }
    let mut der = vec![DER_SEQUENCE, integers.len() as u8];
    der.extend(integers);
    Some(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    };

    #[test]
    fn a_signature_of_two_numbers_is_the_same_in_der() {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key());
        // So many that numbers with leading zeroes, and without, are among them.
        for message in 0..1000u32 {
            let message = message.to_le_bytes();
            let signature = key.sign(&random, &message).unwrap();
            let signature = to_der(signature.as_ref()).unwrap();
            public.verify(&message, &signature).unwrap();
        }
        assert_eq!(to_der(&[0; 64]).unwrap(), [0x30, 6, 2, 1, 0, 2, 1, 0]);
        for bad in [0, 1, 31, 32, 63, 65, 132] {
            assert_eq!(to_der(&vec![1; bad]), None, "{bad}");
        }
    }
}
