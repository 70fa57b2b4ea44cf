//! Documents that know whether they are whole: `{"sha256": …, "payload": …}`,
//! where the checksum is that of the payload's text as it stands in the file.

use std::fmt::Write;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::Error;

/// Largest document, in bytes. The partition is small, and holds many.
pub(crate) const MAX_SIZE: usize = 1024 * 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed<'a> {
    sha256: String,
    #[serde(borrow)]
    payload: &'a RawValue,
}

/// A document in its written form.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// The payload's checksum: which state of the document this is.
    pub sha256: String,
}

/// Writes a document. `what` names it in errors.
pub(crate) fn seal<T: Serialize>(what: &'static str, payload: &T) -> Result<Document, Error> {
    let encode = |e| Error::Encode(what, e);
    let payload = serde_json::value::to_raw_value(payload).map_err(encode)?;
    let sha256 = checksum(payload.get());
    let sealed = Sealed {
        sha256: sha256.clone(),
        payload: &payload,
    };
    let mut bytes = serde_json::to_vec(&sealed).map_err(encode)?;
    bytes.push(b'\n');
    if bytes.len() > MAX_SIZE {
        return Err(Error::TooLarge {
            what,
            size: bytes.len(),
            limit: MAX_SIZE,
        });
    }
    Ok(Document { bytes, sha256 })
}

/// Reads a document, or says in what way it is damaged. Returns the payload
/// and its checksum.
pub(crate) fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, String), String> {
    let sealed: Sealed = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let sha256 = checksum(sealed.payload.get());
    if sha256 != sealed.sha256 {
        return Err("its checksum does not match".to_owned());
    }
    let payload = serde_json::from_str(sealed.payload.get()).map_err(|e| e.to_string())?;
    Ok((payload, sha256))
}

fn checksum(text: &str) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_sealed_can_be_opened() {
        let payload = json!({"a": [1, "é\n", 0.1], "b": {}});
        let document = seal("a test", &payload).unwrap();
        let (opened, sha256) = open::<Value>(&document.bytes).unwrap();
        assert_eq!((opened, sha256), (payload, document.sha256));
    }

    #[test]
    fn the_format_is_fixed() {
        // The checksum is what sha256sum(1) prints for `{"a":1}`.
        let document = seal("a test", &json!({"a": 1})).unwrap();
        assert_eq!(
            String::from_utf8(document.bytes).unwrap(),
            "{\"sha256\":\"015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862\",\"payload\":{\"a\":1}}\n"
        );
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let whole = seal("a test", &json!({"a": "some text", "b": [1, 2]}))
            .unwrap()
            .bytes;
        // The last byte is the line's end.
        for length in 0..whole.len() - 1 {
            assert!(open::<Value>(&whole[..length]).is_err(), "cut to {length}");
        }
        for at in 0..whole.len() - 1 {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                assert!(open::<Value>(&damaged).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let error = seal("a test", &"a".repeat(MAX_SIZE)).unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
}
