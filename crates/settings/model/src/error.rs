//! Why a tree of settings is refused.

use std::fmt::Write;

/// More of a person's input than this, in characters, is not repeated in a
/// message.
const MAX_ECHO: usize = 400;

/// A reason holds words of ours beside what it repeats.
const MAX_REASON: usize = 1200;

/// More names than this are no help to a reader.
const MAX_NAMES: usize = 30;

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
            reason: cut(reason.as_ref(), MAX_REASON),
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
    cut(text, MAX_ECHO)
}

/// The sentence about a name that is none of the expected ones.
pub(crate) fn unknown(what: &str, name: &str, expected: &[&str]) -> String {
    let name = printable(name);
    let expected = match expected {
        [] => "none".to_owned(),
        [only] => format!("`{only}`"),
        [one, other] => format!("`{one}` or `{other}`"),
        many if many.len() <= MAX_NAMES => format!("one of `{}`", many.join("`, `")),
        many => format!("one of {} others", many.len()),
    };
    format!("unknown {what} `{name}`, expected {expected}")
}

fn cut(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
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
