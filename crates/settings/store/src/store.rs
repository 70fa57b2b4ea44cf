//! The store as its user sees it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};
use settings_model::{Key, Model, tree};

use crate::generation::Generation;
use crate::layer::Layers;
use crate::pending::Pending;
use crate::{
    Entry, Error, Layer, Origin, TransactionName, disk, folder, generation, pending, rfc3339,
};

/// Transactions that may be open at one time.
const MAX_TRANSACTIONS: usize = 64;

/// Bytes that all open transactions together may have on disk.
const MAX_PENDING_BYTES: usize = 4 * 1024 * 1024;

/// The settings of a node. Reading takes no access to the disk.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    _lock: File,
    model: Model,
    defaults: Value,
    layers: Layers,
    set_aside: Map<String, Value>,
    effective: Arc<Value>,
    generation: u64,
    /// The number of the next generation: no file has it or one above it.
    next: u64,
    pending: BTreeMap<TransactionName, Pending>,
    warnings: Vec<String>,
}

impl Store {
    /// Opens the store in a folder, for a version of the OS, and makes what is
    /// missing. `model` says what can be set, `defaults` is the tree of the
    /// weakest layer.
    ///
    /// What is damaged, or not a setting of this version, is passed over; see
    /// [`Store::warnings`].
    pub fn open(base: &Path, version: &str, model: Model, defaults: Value) -> Result<Store, Error> {
        let lock = folder::lock(base)?;
        let mut warnings = Vec::new();
        let folder = folder::prepare(base, version, &mut warnings)?;
        let newest = generation::newest(&folder, &mut warnings)?;
        let last = newest.map(|(generation, _)| generation).unwrap_or_default();
        let highest = generation::numbers(&folder)?.first().copied().unwrap_or(0);
        let mut pending = pending::read_all(&folder, &mut warnings)?;
        // Committed, but power failed before its document was removed.
        if let Some((name, _)) = pending.iter().find(|(_, p)| p.sha256 == last.consumed) {
            let name = name.clone();
            disk::remove(&pending::path(&folder, &name))?;
            pending.remove(&name);
        }
        let mut layers = last.layers;
        set_aside_unknown(&model, &mut layers, &mut warnings);
        let effective = layers.over(object_or_empty(&defaults));
        if let Err(e) = model.validate(&effective) {
            warnings.push(format!("the settings contradict themselves: {e}"));
        }
        folder::make_current(base, version)?;
        Ok(Store {
            folder,
            _lock: lock,
            model,
            defaults,
            layers,
            set_aside: last.set_aside,
            effective: Arc::new(effective),
            generation: last.number,
            next: highest + 1,
            pending,
            warnings,
        })
    }

    /// The effective value of every key, as a tree.
    pub fn effective(&self) -> Arc<Value> {
        Arc::clone(&self.effective)
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
        match self.layers.top(key) {
            Some((layer, entry)) => Some(Origin::Set(layer, entry)),
            None => tree::get(&self.defaults, key).map(|_| Origin::Default),
        }
    }

    /// Adds changes to a transaction, which is opened if there is none of that
    /// name. `changes` is a part of the tree of settings; each value in it is
    /// checked for itself. Returns the keys it sets.
    pub fn stage(
        &mut self,
        transaction: &TransactionName,
        layer: Layer,
        changes: &Value,
        who: &str,
    ) -> Result<Vec<Key>, Error> {
        let leaves = tree::flatten(&self.model.normalise(changes)?)?;
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let before = self.pending.get(transaction);
        if before.is_none() && self.pending.len() >= MAX_TRANSACTIONS {
            return Err(Error::TooManyTransactions(self.pending.len()));
        }
        let keys = leaves.keys().cloned().collect();
        let mut layers = before.map(|p| p.layers.clone()).unwrap_or_default();
        let time = rfc3339(SystemTime::now());
        for (key, value) in leaves {
            let entry = Entry {
                value,
                time: time.clone(),
                transaction: transaction.to_string(),
                who: who.to_owned(),
            };
            layers.set(layer, key, entry);
        }
        let (pending, document) = pending::seal(layers)?;
        self.check_room(transaction, pending.size)?;
        disk::replace(&pending::path(&self.folder, transaction), &document.bytes)?;
        self.pending.insert(transaction.clone(), pending);
        Ok(keys)
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

    /// Throws a transaction away. Returns the keys it would have set, none if
    /// there is no such transaction.
    pub fn drop_transaction(&mut self, transaction: &TransactionName) -> Result<Vec<Key>, Error> {
        let Some(pending) = self.pending.get(transaction) else {
            return Ok(Vec::new());
        };
        let keys = pending.layers.keys();
        disk::remove(&pending::path(&self.folder, transaction))?;
        self.pending.remove(transaction);
        Ok(keys)
    }

    /// Makes the changes of a transaction effective, all of them or, on any
    /// error, none. Returns the keys that were set.
    ///
    /// The settings as they would become are held against the rules between
    /// them first.
    pub fn commit(&mut self, transaction: &TransactionName, who: &str) -> Result<Vec<Key>, Error> {
        let Some(pending) = self.pending.get(transaction) else {
            return Err(Error::NothingPending(transaction.clone()));
        };
        let mut layers = self.layers.clone();
        layers.extend(pending.layers.clone());
        let effective = layers.over(object_or_empty(&self.defaults));
        self.model.validate(&effective)?;
        let document = Generation {
            format: generation::FORMAT,
            number: self.next,
            time: rfc3339(SystemTime::now()),
            transaction: transaction.to_string(),
            who: who.to_owned(),
            consumed: pending.sha256.clone(),
            layers: layers.clone(),
            set_aside: self.set_aside.clone(),
        }
        .seal()?;
        let keys = pending.layers.keys();
        let path = generation::path(&self.folder, self.next);
        if let Err(e) = disk::replace(&path, &document.bytes) {
            // It may stand there without being durable. If it cannot be
            // removed either, opening the store will find either state.
            let _ = disk::remove(&path);
            return Err(e.into());
        }
        self.layers = layers;
        self.effective = Arc::new(effective);
        self.generation = self.next;
        self.next += 1;
        self.pending.remove(transaction);
        self.tidy(transaction);
        Ok(keys)
    }

    fn check_room(&self, transaction: &TransactionName, size: usize) -> Result<(), Error> {
        let others = self.pending.iter().filter(|(name, _)| *name != transaction);
        let size = size + others.map(|(_, p)| p.size).sum::<usize>();
        if size > MAX_PENDING_BYTES {
            return Err(Error::TooLarge {
                what: "all open transactions together",
                size,
                limit: MAX_PENDING_BYTES,
            });
        }
        Ok(())
    }

    /// Removes what a commit has made superfluous. It is done already, so
    /// failing here is only worth a warning.
    fn tidy(&mut self, committed: &TransactionName) {
        let removed = disk::remove(&pending::path(&self.folder, committed));
        let pruned = generation::prune(&self.folder);
        for error in [removed.err(), pruned.err()].into_iter().flatten() {
            let warning = error.to_string();
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// Drops entries that this version of the model does not take: it would take
/// nothing else either as long as they are there. Generations that are kept
/// still hold them.
fn set_aside_unknown(model: &Model, layers: &mut Layers, warnings: &mut Vec<String>) {
    if model
        .normalise(&layers.over(Value::Object(Map::new())))
        .is_ok()
    {
        return;
    }
    layers.retain(|layer, key, entry| {
        let alone = tree::nest([(key, &entry.value)]);
        match model.normalise(&alone) {
            Ok(_) => true,
            Err(e) => {
                warnings.push(format!(
                    "a stored setting (layer {}) is ignored: {e}",
                    layer.name()
                ));
                false
            }
        }
    });
}

fn object_or_empty(tree: &Value) -> Value {
    match tree {
        Value::Object(_) => tree.clone(),
        _ => Value::Object(Map::new()),
    }
}
