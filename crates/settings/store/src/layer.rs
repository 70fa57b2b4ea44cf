//! Layers of settings, and who set what in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use settings_model::{Key, tree};

/// A layer that is stored; a later one covers an earlier one. Below all of
/// them lie the defaults of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Found out by the node itself, where nobody said otherwise.
    Generated,
    /// Given with the machine, by its platform.
    UserData,
    /// Set through the API of the running node.
    Api,
}

impl Layer {
    /// The name used in queries and documents.
    pub fn name(self) -> &'static str {
        match self {
            Layer::Generated => "generated",
            Layer::UserData => "user-data",
            Layer::Api => "api",
        }
    }

    /// The layer of a name.
    pub fn from_name(name: &str) -> Option<Layer> {
        [Layer::Generated, Layer::UserData, Layer::Api]
            .into_iter()
            .find(|layer| layer.name() == name)
    }
}

/// A value that somebody set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// A scalar or a list.
    pub value: Value,
    /// When it was staged, in RFC 3339 form.
    pub time: String,
    /// The transaction it was set in.
    pub transaction: String,
    /// Who set it, as the API server saw them.
    pub who: String,
}

/// Where the effective value of a key comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Origin<'a> {
    /// The image.
    Default,
    /// Somebody who set it.
    Set(Layer, &'a Entry),
}

impl Origin<'_> {
    /// The name of the layer.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Default => "default",
            Origin::Set(layer, _) => layer.name(),
        }
    }
}

/// The entries of all layers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Layers(BTreeMap<Layer, BTreeMap<Key, Arc<Entry>>>);

impl Layers {
    /// Sets one entry.
    pub fn set(&mut self, layer: Layer, key: Key, entry: Entry) {
        self.0
            .entry(layer)
            .or_default()
            .insert(key, Arc::new(entry));
    }

    /// Takes over all entries of a transaction.
    pub fn extend(&mut self, changes: Layers) {
        for (layer, entries) in changes.0 {
            self.0.entry(layer).or_default().extend(entries);
        }
    }

    /// The keys that occur, each once, in order.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys: Vec<Key> = self.0.values().flat_map(BTreeMap::keys).cloned().collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// The keys that occur at or below one, each once, in order.
    pub fn keys_below(&self, key: &Key) -> Vec<Key> {
        let mut keys = self.keys();
        keys.retain(|other| other.segments().starts_with(key.segments()));
        keys
    }

    /// The entries of a key, the strongest first.
    pub fn stack(&self, key: &Key) -> impl Iterator<Item = (Layer, &Entry)> {
        let strongest_first = self.0.iter().rev();
        strongest_first.filter_map(|(layer, entries)| Some((*layer, &**entries.get(key)?)))
    }

    /// Removes the strongest entry of a key, if it has one.
    pub fn unset_top(&mut self, key: &Key) {
        let mut strongest_first = self.0.values_mut().rev();
        strongest_first.find_map(|entries| entries.remove(key));
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(BTreeMap::is_empty)
    }

    /// The keys whose values are not the same, layer by layer, in order.
    pub fn differences(&self, other: &Layers) -> Vec<Key> {
        let values = |layers: &Layers, key: &Key| -> Vec<(Layer, Value)> {
            let stack = layers.stack(key);
            stack.map(|(layer, e)| (layer, e.value.clone())).collect()
        };
        let mut keys = self.keys();
        keys.extend(other.keys());
        keys.sort();
        keys.dedup();
        keys.retain(|key| values(self, key) != values(other, key));
        keys
    }

    /// Lays the entries over a tree, the weakest layer first.
    pub fn over(&self, mut below: Value) -> Value {
        for (key, entry) in self.0.values().flatten() {
            tree::set(&mut below, key, entry.value.clone());
        }
        below
    }

    /// Drops the entries a test is against.
    pub fn retain(&mut self, mut test: impl FnMut(Layer, &Key, &Entry) -> bool) {
        for (layer, entries) in &mut self.0 {
            entries.retain(|key, entry| test(*layer, key, entry));
        }
    }
}
