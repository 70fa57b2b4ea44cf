//! JSON from strangers.
//!
//! RFC 8259 leaves open what two members of one name mean, and readers differ
//! (first, last, error). A setting that two readers see differently is a way
//! around a check, so a repeated name is an error here, as it is in TOML.
//! Depth is bounded too: no setting is nested deeper than [`MAX_DEPTH`].

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::printable;

/// Objects and lists inside each other, at most.
pub const MAX_DEPTH: usize = 32;

/// A text that is not JSON, or not the kind that is accepted here. Says line
/// and column.
#[derive(Debug, thiserror::Error)]
#[error("invalid JSON: {0}")]
pub struct Error(#[from] serde_json::Error);

/// Reads one JSON document.
pub fn parse(text: &[u8]) -> Result<Value, Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Strict, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format!(
                "it is nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(Strict {
            depth: self.depth + 1,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = entries.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inside = self.deeper()?;
        let (mut members, mut seen) = (Map::new(), HashSet::new());
        while let Some(name) = entries.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(de::Error::custom(format!(
                    "the name `{}` occurs twice in one object",
                    printable(&name)
                )));
            }
            members.insert(name, entries.next_value_seed(inside)?);
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn documents() {
        for (text, value) in [
            ("null", json!(null)),
            (
                " {\"a\": [1, -2, 1.5, true, \"é\\u0000\"]} ",
                json!({"a": [1, -2, 1.5, true, "é\0"]}),
            ),
            (
                "{\"a\": {\"b\": 1}, \"b\": 1}",
                json!({"a": {"b": 1}, "b": 1}),
            ),
        ] {
            assert_eq!(parse(text.as_bytes()).unwrap(), value);
        }
    }

    #[test]
    fn hostile_documents_are_refused() {
        let deep = [b"[".repeat(33), b"]".repeat(33)].concat();
        let deeper = b"{\"a\":".repeat(1_000_000);
        for (name, text, message) in [
            (
                "empty",
                &b""[..],
                "invalid JSON: EOF while parsing a value at line 1 column 0",
            ),
            (
                "cut",
                b"{\"a\":",
                "invalid JSON: EOF while parsing a value at line 1 column 5",
            ),
            (
                "trailing",
                b"{} {}",
                "invalid JSON: trailing characters at line 1 column 4",
            ),
            (
                "duplicate",
                b"{\"a\": 1,\n \"\\u0061\": 2}",
                "invalid JSON: the name `a` occurs twice in one object at line 2 column 9",
            ),
            (
                "deep",
                &deep,
                "invalid JSON: it is nested deeper than 32 levels at line 1 column 34",
            ),
            (
                "endless",
                &deeper,
                "invalid JSON: it is nested deeper than 32 levels at line 1 column 161",
            ),
            (
                "not UTF-8",
                b"\"\xff\"",
                "invalid JSON: invalid unicode code point at line 1 column 2",
            ),
            (
                "half a surrogate pair",
                b"\"\\ud800\"",
                "invalid JSON: unexpected end of hex escape at line 1 column 8",
            ),
            (
                "huge number",
                b"1e999",
                "invalid JSON: number out of range at line 1 column 5",
            ),
            (
                "NaN",
                b"NaN",
                "invalid JSON: expected value at line 1 column 1",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{name}");
        }
    }

    proptest! {
        #[test]
        fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn agrees_with_serde_json(text in r#"[\[\]{}:,"a1e.\-\\ nul]{0,20}"#) {
            if let Ok(value) = parse(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
