//! What an image says of settings.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use settings_model::{Key, Model, tree};

use crate::Error;

/// What can be set on a node, and what holds where nobody set it.
#[derive(Debug)]
pub struct Image {
    pub(crate) model: Model,
    pub(crate) defaults: Value,
    generated: BTreeSet<Key>,
}

impl Image {
    /// `model` says what can be set, `defaults` is the tree of the weakest
    /// layer.
    pub fn new(model: Model, defaults: Value) -> Image {
        let defaults = match defaults {
            Value::Object(_) => defaults,
            _ => Value::Object(Map::new()),
        };
        Image {
            model,
            defaults,
            generated: BTreeSet::new(),
        }
    }

    /// Names the settings that the node finds out itself, later, where nobody
    /// sets them. That one of them is missing breaks no rule.
    pub fn with_generated(mut self, keys: impl IntoIterator<Item = Key>) -> Image {
        self.generated.extend(keys);
        self
    }

    /// Holds a whole tree against the model and the rules between settings.
    pub(crate) fn check(&self, settings: &Value) -> Result<(), Error> {
        let still_to_come = |fault: &settings_model::Error| {
            Key::parse_prefixed(fault.key()).is_ok_and(|key| {
                self.generated.contains(&key) && tree::get(settings, &key).is_none()
            })
        };
        let broken = self.model.broken_rules(settings)?;
        match broken.into_iter().find(|fault| !still_to_come(fault)) {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }

    /// Whether a key is one that can be set, or a group of such.
    pub(crate) fn knows(&self, key: &Key) -> bool {
        self.model.kind(key).is_some()
    }
}
