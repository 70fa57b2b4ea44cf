//! What platforms and tools put around user data, because they take only text
//! or only little of it: gzip (RFC 1952) and base64 (RFC 4648, section 4, with
//! line breaks or without).

use std::borrow::Cow;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::MultiGzDecoder;

use super::MAX_BYTES;

/// Base64 of gzip of base64 is the most that anybody meets.
const MAX_LAYERS: usize = 3;

/// The document without what is around it.
pub(super) fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    let mut document = Cow::Borrowed(bytes);
    for _ in 0..MAX_LAYERS {
        let inner = match is_gzip(&document) {
            true => Some(gunzip(&document)?),
            false => from_base64(&document),
        };
        match inner {
            Some(inner) => document = Cow::Owned(inner),
            None => break,
        }
    }
    Ok(document)
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Little can hold much: no more than allowed is ever unpacked.
fn gunzip(packed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(packed)
        .take(MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes);
    match read {
        Err(error) => Err(format!("failed to unpack it with gzip: {error}")),
        Ok(_) if bytes.len() > MAX_BYTES => {
            let reason = format!("the document is larger than {MAX_BYTES} bytes when unpacked");
            Err(reason)
        }
        Ok(_) => Ok(bytes),
    }
}

/// No document with settings is base64, as `[` and `{` are not; what is, but
/// holds neither text nor gzip, is left for its reader to find fault with.
fn from_base64(document: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = document
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if digits.is_empty() {
        return None;
    }
    let bytes = STANDARD.decode(digits).ok()?;
    (is_gzip(&bytes) || str::from_utf8(&bytes).is_ok()).then_some(bytes)
}
