//! User data: TOML or JSON documents that hold `settings` and nothing else,
//! as they are or packed with gzip or base64.
//!
//! A document is read as a whole or not at all. Errors say where: file, line
//! and column. The text of an error does not hold the values of settings; the
//! excerpt, which does, is separate, so that a log can do without.

mod encoding;
mod error;
mod toml_tree;

use serde_json::{Map, Value};
use settings_model::{Key, json};

pub use document::Position;
pub use error::Error;

/// Larger documents are refused, in bytes: as they come, and unpacked.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A document whose settings can be handed to the API.
#[derive(Debug, Clone)]
pub struct Document {
    origin: String,
    text: String,
    settings: Value,
}

impl Document {
    /// Reads a document: JSON if it starts with `{`, else TOML; packed with
    /// gzip, base64, or both. `origin` says in messages where it came from,
    /// such as a file name.
    pub fn parse(origin: impl Into<String>, bytes: &[u8]) -> Result<Self, Error> {
        let origin = origin.into();
        if bytes.len() > MAX_BYTES {
            let reason = format!("the document is larger than {MAX_BYTES} bytes");
            return Err(Error::new(origin, reason));
        }
        let bytes = encoding::unpack(bytes).map_err(|reason| Error::new(&origin, reason))?;
        let text = match str::from_utf8(&bytes) {
            Ok(text) => text.to_owned(),
            Err(e) => {
                let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
                let at = Position::of(&good, good.len());
                return Err(Error::new(origin, "the text is not UTF-8").at(at));
            }
        };
        let tree = if text.trim_start().starts_with('{') {
            parse_json(&origin, &text)
        } else {
            toml_tree::parse(&origin, &text)
        }?;
        let mut document = Self {
            origin,
            text,
            settings: Value::Null,
        };
        document.settings = document.only_settings(tree)?;
        Ok(document)
    }

    /// Where it came from.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The tree under `settings`.
    pub fn settings(&self) -> &Value {
        &self.settings
    }

    /// Says in which line of this document the setting stands that the API
    /// found fault with. `reason` is the API's, which starts with the key.
    pub fn fault(&self, reason: impl Into<String>) -> Error {
        let reason = reason.into();
        match leading_key(&reason).and_then(|key| self.position(&key)) {
            Some(at) => self.fault_at(at, reason),
            None => Error::new(self.origin.clone(), reason),
        }
    }

    fn only_settings(&self, mut tree: Map<String, Value>) -> Result<Value, Error> {
        let settings = tree.remove("settings");
        if let Some(name) = tree.keys().next() {
            // Quoted as a key is, so that no control character gets out.
            let reason = format!(
                "`{}` is not allowed here, only `settings` is",
                name.escape_debug()
            );
            return Err(match toml_tree::position(&self.text, &[name]) {
                Some(at) => self.fault_at(at, reason),
                None => Error::new(self.origin.clone(), reason),
            });
        }
        match settings {
            Some(settings @ Value::Object(_)) => Ok(settings),
            Some(_) => Err(self.fault("settings: it is not a table")),
            None => Err(Error::new(
                self.origin.clone(),
                "there is no `[settings]` in it",
            )),
        }
    }

    fn position(&self, key: &[String]) -> Option<Position> {
        let mut path = vec!["settings"];
        path.extend(key.iter().map(String::as_str));
        toml_tree::position(&self.text, &path)
    }

    fn fault_at(&self, at: Position, reason: String) -> Error {
        Error::new(self.origin.clone(), reason)
            .at(at)
            .quoting(&self.text)
    }
}

fn parse_json(origin: &str, text: &str) -> Result<Map<String, Value>, Error> {
    match json::parse(text.as_bytes()) {
        Ok(Value::Object(tree)) => Ok(tree),
        Ok(_) => Err(Error::new(origin, "the document is not a JSON object")),
        Err(error) => Err(Error::of_json(origin, text, &error)),
    }
}

/// The names below `settings` of the key a message starts with.
fn leading_key(message: &str) -> Option<Vec<String>> {
    message
        .match_indices(": ")
        .map(|(end, _)| &message[..end])
        .find_map(|written| match written {
            "settings" => Some(Vec::new()),
            _ => Some(setting(written)?.segments().to_vec()),
        })
}

/// The setting that messages name, with `settings.` before it and perhaps with
/// a place in its list behind: `settings.ntp.time-servers[1]`.
pub fn setting(written: &str) -> Option<Key> {
    let below = written.strip_prefix("settings.")?;
    let mut quoted = false;
    let end = below.find(|c| {
        quoted ^= c == '"';
        c == '[' && !quoted
    });
    below[..end.unwrap_or(below.len())].parse().ok()
}

#[cfg(test)]
mod tests;
