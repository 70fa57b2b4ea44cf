//! The name of a setting: a path of names, written with dots.
//!
//! A name made of letters, digits, `_`, `-` and `/` stands bare; any other is
//! put between double quotes, where a backslash makes the next quote or
//! backslash an ordinary character:
//!
//! ```
//! use settings_model::Key;
//!
//! let key: Key = r#"kernel.sysctl."vm.max_map_count""#.parse()?;
//! assert_eq!(key.segments(), ["kernel", "sysctl", "vm.max_map_count"]);
//! assert_eq!(key.to_string(), r#"kernel.sysctl."vm.max_map_count""#);
//! # Ok::<(), settings_model::key::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::error::printable;

/// The word that stands before every key where settings are not the only
/// thing that could be meant.
pub const PREFIX: &str = "settings.";

/// Longest written form, in bytes.
const MAX_LENGTH: usize = 1024;

/// Most names in a path.
const MAX_SEGMENTS: usize = 16;

/// A key that is not well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid key `{}`: {reason}", printable(key))]
pub struct Error {
    /// What was given.
    pub key: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The name of a setting, without the word `settings` before it: at least one
/// name, none empty, without control characters.
///
/// A copy is cheap: settings are kept by their keys in many places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Key(Arc<[String]>);

impl Key {
    /// Makes a key of its names, from the outermost inwards.
    pub fn new<S: Into<String>>(segments: impl IntoIterator<Item = S>) -> Result<Key, Error> {
        let key = Key(segments.into_iter().map(Into::into).collect());
        match key.fault() {
            None => Ok(key),
            Some(reason) => Err(Error {
                key: key.to_string(),
                reason,
            }),
        }
    }

    /// Reads a key that may have `settings.` before it.
    pub fn parse_prefixed(text: &str) -> Result<Key, Error> {
        text.strip_prefix(PREFIX).unwrap_or(text).parse()
    }

    /// Reads keys that are separated by commas; each may have `settings.`
    /// before it. A comma between quotes does not separate.
    pub fn parse_list(text: &str) -> Result<Vec<Key>, Error> {
        split(text, ',')
            .into_iter()
            .map(Key::parse_prefixed)
            .collect()
    }

    /// The names, from the outermost inwards.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The written form with `settings.` before it.
    pub fn with_prefix(&self) -> String {
        format!("{PREFIX}{self}")
    }

    fn fault(&self) -> Option<&'static str> {
        if self.0.is_empty() || self.0.iter().any(String::is_empty) {
            Some("a name in it is empty")
        } else if self.0.len() > MAX_SEGMENTS {
            Some("it has more than 16 names")
        } else if self.0.iter().flat_map(|s| s.chars()).any(char::is_control) {
            Some("it contains a control character")
        } else if self.to_string().len() > MAX_LENGTH {
            Some("it is longer than 1024 bytes")
        } else {
            None
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.0.iter().map(|segment| segment.len() + 3).sum();
        let mut text = String::with_capacity(length);
        for segment in self.0.iter() {
            if !text.is_empty() {
                text.push('.');
            }
            write_segment(&mut text, segment);
        }
        f.write_str(&text)
    }
}

impl FromStr for Key {
    type Err = Error;

    fn from_str(text: &str) -> Result<Key, Error> {
        let error = |reason| Error {
            key: text.to_owned(),
            reason,
        };
        // Before anything is taken apart, so that the work is bounded too.
        if text.len() > MAX_LENGTH {
            return Err(error("it is longer than 1024 bytes"));
        }
        let segments = split(text, '.')
            .into_iter()
            .map(read_segment)
            .collect::<Result<_, _>>()
            .map_err(error)?;
        let key = Key(segments);
        match key.fault() {
            None => Ok(key),
            Some(reason) => Err(error(reason)),
        }
    }
}

impl TryFrom<String> for Key {
    type Error = Error;

    fn try_from(text: String) -> Result<Key, Error> {
        text.parse()
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_string())
    }
}

/// Appends a name as it stands in a key.
pub(crate) fn write_segment(out: &mut String, name: &str) {
    if !name.is_empty() && name.bytes().all(is_bare) {
        out.push_str(name);
        return;
    }
    out.push('"');
    for c in name.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/')
}

fn read_segment(text: &str) -> Result<String, &'static str> {
    let Some(quoted) = text.strip_prefix('"') else {
        return if text.bytes().all(is_bare) {
            Ok(text.to_owned())
        } else {
            Err(
                "a name with other characters than letters, digits, `_`, `-` and `/` must stand between double quotes",
            )
        };
    };
    let mut name = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next() {
            None => return Err("a double quote is not closed"),
            Some('"') => break,
            Some('\\') => match rest.next() {
                Some(c @ ('"' | '\\')) => name.push(c),
                _ => return Err("a backslash must stand before a double quote or a backslash"),
            },
            Some(c) => name.push(c),
        }
    }
    if rest.next().is_some() {
        return Err("after a quoted name there must be a dot or the end");
    }
    Ok(name)
}

/// Splits at a character wherever it is not between double quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            parts.push(&text[start..at]);
            start = at + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}
