//! The settings at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use settings_model::{Key, Model, tree};

use crate::image::Image;
use crate::layer::Layers;
use crate::pending::Pending;
use crate::{Error, Origin, TransactionName};

/// The settings at one moment: what is in force, where it comes from, and what
/// is staged. It never changes, so reading one waits for nobody; a copy is
/// cheap.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(crate) image: Arc<Image>,
    pub(crate) layers: Arc<Layers>,
    pub(crate) effective: Arc<Value>,
    pub(crate) text: Arc<str>,
    pub(crate) generation: u64,
    pub(crate) pending: BTreeMap<TransactionName, Arc<Pending>>,
    pub(crate) warnings: Arc<Vec<String>>,
}

/// What a transaction does to one setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The setting.
    pub key: Key,
    /// Its effective value now, if it has one.
    pub before: Option<Value>,
    /// Its effective value after a commit, if it has one then.
    pub after: Option<Value>,
    /// The name of the layer that value comes from.
    pub layer: Option<&'static str>,
}

/// Where an effective value comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Provenance {
    /// The value.
    pub value: Value,
    /// The name of its layer; `default` is the image's.
    pub layer: &'static str,
    /// When it was staged, in RFC 3339 form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The transaction it was set in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Who set it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The names of the layers below that have a value too, the strongest
    /// first: what the key returns to when it is unset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<&'static str>,
}

/// The settings as a commit would make them.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub layers: Layers,
    pub effective: Value,
    pub keys: Vec<Key>,
}

impl Snapshot {
    /// The effective value of every key, as a tree.
    pub fn effective(&self) -> Arc<Value> {
        Arc::clone(&self.effective)
    }

    /// That tree as JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What can be set.
    pub fn model(&self) -> &Model {
        &self.image.model
    }

    /// The number of the last commit; 0 before the first.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What was wrong with the stored settings when they were opened, and what
    /// could not be tidied up since. Sentences for a person.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Who or what gave a key its effective value; `None` if it has none.
    pub fn origin(&self, key: &Key) -> Option<Origin<'_>> {
        self.image.origin(&self.layers, key)
    }

    /// Where each effective value comes from, in the order of the keys.
    pub fn provenance(&self) -> Result<Vec<(Key, Provenance)>, Error> {
        let leaves = tree::flatten(&self.effective)?;
        Ok(leaves
            .into_iter()
            .map(|(key, value)| {
                let mut below: Vec<_> = self.layers.stack(&key).collect();
                let top = (!below.is_empty()).then(|| below.remove(0));
                let mut covers: Vec<_> = below.iter().map(|(layer, _)| layer.name()).collect();
                let default = tree::get(&self.image.defaults, &key).is_some();
                if top.is_some() && default {
                    covers.push(Origin::Default.name());
                }
                let entry = top.map(|(_, entry)| entry);
                let provenance = Provenance {
                    value,
                    layer: top.map_or(Origin::Default.name(), |(layer, _)| layer.name()),
                    time: entry.map(|e| e.time.clone()),
                    transaction: entry.map(|e| e.transaction.clone()),
                    who: entry.map(|e| e.who.clone()),
                    covers,
                };
                (key, provenance)
            })
            .collect())
    }

    /// The names of the open transactions, in order.
    pub fn transactions(&self) -> impl Iterator<Item = &TransactionName> {
        self.pending.keys()
    }

    /// What a transaction sets, as a tree; empty if there is no such
    /// transaction.
    pub fn pending(&self, transaction: &TransactionName) -> Value {
        let nothing = Value::Object(Map::new());
        match self.pending.get(transaction) {
            Some(pending) => pending.layers.over(nothing),
            None => nothing,
        }
    }

    /// The effective values that a commit would change, in the order of the
    /// keys; none if there is no such transaction.
    pub fn changes(&self, transaction: &TransactionName) -> Vec<Change> {
        match self.pending.get(transaction) {
            Some(pending) => self.compare(&self.candidate(pending)),
            None => Vec::new(),
        }
    }

    /// Tries a commit: the effective settings as they would become, and what
    /// is different about them. Nothing is changed.
    ///
    /// # Errors
    ///
    /// As a commit's, save for those of the disk.
    pub fn check(&self, transaction: &TransactionName) -> Result<(Value, Vec<Change>), Error> {
        let candidate = self.commit(transaction)?;
        let changes = self.compare(&candidate);
        Ok((candidate.effective, changes))
    }

    /// What a commit of a transaction makes of the settings, checked.
    pub(crate) fn commit(&self, transaction: &TransactionName) -> Result<Candidate, Error> {
        let Some(pending) = self.pending.get(transaction) else {
            return Err(Error::NothingPending(transaction.clone()));
        };
        let candidate = self.candidate(pending);
        self.image.check(&candidate.effective)?;
        Ok(candidate)
    }

    fn candidate(&self, pending: &Pending) -> Candidate {
        let mut layers = Layers::clone(&self.layers);
        for key in &pending.unset {
            layers.unset_top(key);
        }
        layers.extend(pending.layers.clone());
        Candidate {
            effective: layers.over(self.image.defaults.clone()),
            layers,
            keys: pending.keys(),
        }
    }

    fn compare(&self, candidate: &Candidate) -> Vec<Change> {
        let keys = candidate.keys.iter();
        keys.filter_map(|key| {
            let before = tree::get(&self.effective, key);
            let after = tree::get(&candidate.effective, key);
            (before != after).then(|| Change {
                key: key.clone(),
                before: before.cloned(),
                after: after.cloned(),
                layer: self.image.origin(&candidate.layers, key).map(Origin::name),
            })
        })
        .collect()
    }
}

impl Image {
    fn origin<'a>(&self, layers: &'a Layers, key: &Key) -> Option<Origin<'a>> {
        match layers.stack(key).next() {
            Some((layer, entry)) => Some(Origin::Set(layer, entry)),
            None => tree::get(&self.defaults, key).map(|_| Origin::Default),
        }
    }
}
