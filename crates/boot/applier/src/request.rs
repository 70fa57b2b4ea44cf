//! What an applier is asked to do.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;
use settings_model::{Key, key};

/// No list of settings is longer, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why something is not a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// It is longer than any request.
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// It is not the JSON it should be.
    #[error("it is not a request: {0}")]
    Json(#[from] serde_json::Error),
    /// What it names is no key.
    #[error(transparent)]
    Key(#[from] key::Error),
}

/// The settings that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Their keys; `None` if any may have changed.
    pub keys: Option<Vec<Key>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    // Said in so many words: a misspelt name must not mean "all".
    #[serde(deserialize_with = "Option::deserialize")]
    keys: Option<Vec<String>>,
}

impl Request {
    /// Reads one line, or all there is.
    pub fn read(input: impl Read) -> Result<Self, Error> {
        let mut line = Vec::new();
        let read = BufReader::new(input.take(MAX_BYTES + 1)).read_until(b'\n', &mut line)?;
        if read as u64 > MAX_BYTES {
            return Err(Error::TooLong);
        }
        let line: Line = serde_json::from_slice(&line)?;
        let keys = line
            .keys
            .map(|keys| keys.iter().map(|key| Key::parse_prefixed(key)).collect())
            .transpose()?;
        Ok(Self { keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read() {
        let key = |text: &str| text.parse::<Key>().unwrap();
        let cases = [
            (r#"{"keys":null}"#, None),
            (r#"{"keys":[]}"#, Some(vec![])),
            (
                "{\"keys\":[\"settings.motd\"]}\nmore",
                Some(vec![key("motd")]),
            ),
            (
                r#"{"keys":["ntp.options","settings.kernel.sysctl.\"a.b\""]}"#,
                Some(vec![key("ntp.options"), key("kernel.sysctl.\"a.b\"")]),
            ),
        ];
        for (line, keys) in cases {
            assert_eq!(
                Request::read(line.as_bytes()).unwrap(),
                Request { keys },
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let long = format!("{{\"keys\":[\"{}\"]}}", "a".repeat(1024 * 1024));
        let cases = [
            ("", "it is not a request: EOF while parsing a value"),
            ("{}", "it is not a request: missing field `keys`"),
            (
                r#"{"keys":null,"key":1}"#,
                "it is not a request: unknown field `key`",
            ),
            (
                r#"{"keys":"motd"}"#,
                "it is not a request: invalid type: string \"motd\"",
            ),
            (r#"{"keys":["a..b"]}"#, "invalid key `a..b`"),
            (&long, "it is longer than 1048576 bytes"),
        ];
        for (line, message) in cases {
            let error = Request::read(line.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
