//! Why a tree of settings is refused.

use std::fmt::Write;

/// More of a person's input than this, in characters, is not repeated in a
/// message.
const MAX_ECHO: usize = 400;

/// A refused setting: where it is, what is wrong with it, and perhaps what to
/// do instead.
///
/// The text is safe for a terminal or a log: control characters that came in
/// with the input are escaped, and long input is cut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Error {
    key: String,
    reason: String,
    hint: Option<String>,
}

impl Error {
    pub(crate) fn new(key: impl AsRef<str>, reason: impl AsRef<str>) -> Error {
        Error {
            key: printable(key.as_ref()),
            reason: printable(reason.as_ref()),
            hint: None,
        }
    }

    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Error {
        self.hint = hint.as_deref().map(printable);
        self
    }

    /// The setting concerned, as a dotted path that starts with `settings`;
    /// an entry of a list has its index in brackets.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What to do instead, as a sentence without a full stop.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Escapes control characters and cuts what is too long.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == MAX_ECHO {
            out.push('…');
            break;
        }
        if c.is_control() {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}
