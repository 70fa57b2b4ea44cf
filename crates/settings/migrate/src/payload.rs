//! The payload of a generation, as far as migrations know it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Error;

/// The form of the payload that is known here.
const FORMAT: u64 = 1;

const LAYERS: &str = "layers";
const SET_ASIDE: &str = "set-aside";
const VALUE: &str = "value";

/// Entries by their keys.
pub(crate) type Entries = BTreeMap<String, Entry>;

/// Entries by their layers and keys.
pub(crate) type Layers = BTreeMap<String, Entries>;

/// What one step set aside: by layer, and by the key it had.
pub(crate) type Kept = BTreeMap<String, BTreeMap<String, Aside>>;

/// A value that somebody set, and what is known about that: an object with a
/// `value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Entry(Map<String, Value>);

impl TryFrom<Map<String, Value>> for Entry {
    type Error = &'static str;

    fn try_from(members: Map<String, Value>) -> Result<Entry, Self::Error> {
        match members.contains_key(VALUE) {
            true => Ok(Entry(members)),
            false => Err("an entry has no value"),
        }
    }
}

impl Entry {
    pub fn value(&self) -> &Value {
        &self.0[VALUE]
    }

    /// Another value, set by the same person at the same time.
    pub fn with(&self, value: Value) -> Entry {
        let mut members = self.0.clone();
        members.insert(VALUE.to_owned(), value);
        Entry(members)
    }
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setting {
    pub key: String,
    pub value: Value,
}

/// An entry that the way back would not restore by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Aside {
    /// The entry as it was.
    pub entry: Entry,
    /// What stands for it now, if anything does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Setting>,
}

/// A payload that was taken apart.
#[derive(Debug)]
pub(crate) struct Payload {
    pub layers: Layers,
    aside: Map<String, Value>,
    rest: Map<String, Value>,
}

impl Payload {
    pub fn open(payload: Value) -> Result<Payload, Error> {
        let Value::Object(mut rest) = payload else {
            return Err(Error::Payload("it is no object".to_owned()));
        };
        match rest.get("format").and_then(Value::as_u64) {
            Some(FORMAT) => {}
            Some(found) => {
                return Err(Error::Format {
                    found,
                    expected: FORMAT,
                });
            }
            None => return Err(Error::Payload("its format is missing".to_owned())),
        }
        let Some(layers) = rest.remove(LAYERS) else {
            return Err(Error::Payload("its layers are missing".to_owned()));
        };
        let layers =
            serde_json::from_value(layers).map_err(|e| Error::Payload(format!("layers: {e}")))?;
        let aside = match rest.remove(SET_ASIDE) {
            None => Map::new(),
            Some(Value::Object(aside)) => aside,
            Some(_) => return Err(Error::Payload("set-aside: it is no object".to_owned())),
        };
        Ok(Payload {
            layers,
            aside,
            rest,
        })
    }

    /// Takes out what a step had set aside.
    pub fn take_aside(&mut self, label: &str) -> Result<Kept, Error> {
        match self.aside.remove(label) {
            None => Ok(Kept::new()),
            Some(kept) => serde_json::from_value(kept)
                .map_err(|e| Error::Payload(format!("set-aside: {label}: {e}"))),
        }
    }

    /// Sets aside what a step could not bring over.
    pub fn put_aside(&mut self, label: String, kept: Kept) -> Result<(), Error> {
        if !kept.is_empty() {
            self.aside.insert(label, serde_json::to_value(kept)?);
        }
        Ok(())
    }

    pub fn close(self) -> Result<Value, Error> {
        let mut payload = self.rest;
        payload.insert(LAYERS.to_owned(), serde_json::to_value(self.layers)?);
        if !self.aside.is_empty() {
            payload.insert(SET_ASIDE.to_owned(), Value::Object(self.aside));
        }
        Ok(Value::Object(payload))
    }
}
