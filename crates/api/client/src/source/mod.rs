//! Where user data is read from.

mod fetch;
mod proxy;
mod tls;
mod url;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use apiclient::user_data::{self, Document};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::failure::Failure;
use url::Url;

/// Reads all documents, or none.
pub fn read_documents(words: &[String]) -> Result<Vec<Document>, Failure> {
    words
        .iter()
        .map(|word| {
            let (origin, bytes) = read(word)?;
            Ok(Document::parse(origin, &bytes)?)
        })
        .collect()
}

/// What the source is called in messages, and what is in it.
fn read(word: &str) -> Result<(String, Vec<u8>), Failure> {
    if word == "-" {
        let origin = "standard input";
        return Ok((origin.to_owned(), read_bounded(origin, io::stdin())?));
    }
    if let Some(encoded) = word.strip_prefix("base64:") {
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|e| Failure::new(format!("what follows `base64:` is not base64: {e}")))?;
        return Ok(("base64 text".to_owned(), bytes));
    }
    match word.split_once("://") {
        None => read_file(word),
        Some(("file", path)) => read_file(path),
        Some(("http" | "https", _)) => {
            let url = Url::parse(word)?;
            // What follows a `?` may be a signature that grants access.
            Ok((url.without_query(), fetch::fetch(url)?))
        }
        Some((scheme, _)) => {
            let scheme = scheme.escape_debug();
            let message = format!("nothing is known about sources that begin with `{scheme}://`");
            let hint = "give a file, https://, http://, file://, base64: or `-`";
            Err(Failure::new(message).or_hint(Some(hint.to_owned())))
        }
    }
}

fn read_file(path: &str) -> Result<(String, Vec<u8>), Failure> {
    let file = files::at("open", Path::new(path), File::open(path))?;
    Ok((path.to_owned(), read_bounded(path, file)?))
}

fn read_bounded(origin: &str, reader: impl Read) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    reader
        // One more than allowed is enough to see that it is too many.
        .take(user_data::MAX_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| Failure::new(format!("failed to read {origin}: {e}")))?;
    Ok(bytes)
}
