//! The store as its user sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};
use settings_model::{Key, Model, tree};

use crate::generation::Generation;
use crate::history::History;
use crate::image::Image;
use crate::layer::Layers;
use crate::pending::Pending;
use crate::snapshot::{Candidate, Snapshot};
use crate::{Entry, Error, Layer, TransactionName, disk, folder, generation, pending, rfc3339};

/// Transactions that may be open at one time.
const MAX_TRANSACTIONS: usize = 64;

/// Bytes that all open transactions together may have on disk.
const MAX_PENDING_BYTES: usize = 4 * 1024 * 1024;

/// The settings of a node. Reading takes no access to the disk; what can be
/// read are the methods of [`Snapshot`].
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    _lock: File,
    now: Snapshot,
    set_aside: Map<String, Value>,
    /// The number of the next generation: no file has it or one above it.
    next: u64,
    /// The checksums of committed transactions whose documents a power failure
    /// may bring back.
    removed: Vec<String>,
}

impl Deref for Store {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.now
    }
}

impl Store {
    /// Opens the store in a folder, for a version of the OS, and makes what is
    /// missing.
    ///
    /// What is damaged, or not a setting of this version, is passed over; see
    /// [`Snapshot::warnings`].
    pub fn open(base: &Path, version: &str, image: Image) -> Result<Store, Error> {
        let lock = folder::lock(base)?;
        let mut warnings = Vec::new();
        let folder = folder::prepare(base, version, &mut warnings)?;
        let newest = generation::newest(&folder, &mut warnings)?;
        let last = newest.map(|(generation, _)| generation).unwrap_or_default();
        let highest = generation::numbers(&folder)?.first().copied().unwrap_or(0);
        let pending = uncommitted(&folder, &last.consumed, &mut warnings)?;
        let mut layers = last.layers;
        set_aside_unknown(&image.model, &mut layers, &mut warnings);
        let effective = layers.over(image.defaults.clone());
        if let Err(e) = image.check(&effective) {
            warnings.push(format!("the settings contradict themselves: {e}"));
        }
        folder::make_current(base, version)?;
        Ok(Store {
            folder,
            _lock: lock,
            now: Snapshot {
                image: Arc::new(image),
                layers: Arc::new(layers),
                text: effective.to_string().into(),
                effective: Arc::new(effective),
                generation: last.number,
                pending,
                warnings: Arc::new(warnings),
            },
            set_aside: last.set_aside,
            next: highest + 1,
            removed: Vec::new(),
        })
    }

    /// The settings as they are at this moment.
    pub fn snapshot(&self) -> Snapshot {
        self.now.clone()
    }

    /// What was committed.
    pub fn history(&self) -> History {
        History {
            folder: self.folder.clone(),
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
        let leaves = tree::flatten(&self.now.image.model.normalise(changes)?)?;
        if leaves.is_empty() {
            return Ok(Vec::new());
        }
        let keys = leaves.keys().cloned().collect();
        let (mut layers, mut unset) = self.open_transaction(transaction)?;
        let time = rfc3339(SystemTime::now());
        for (key, value) in leaves {
            // The last word on a key counts.
            unset.remove(&key);
            let entry = Entry {
                value,
                time: time.clone(),
                transaction: transaction.to_string(),
                who: who.to_owned(),
            };
            layers.set(layer, key, entry);
        }
        self.replace_transaction(transaction, layers, unset)?;
        Ok(keys)
    }

    /// Adds to a transaction that keys, and those below them, are to return to
    /// the layer below: a commit removes the strongest entry of each. What the
    /// transaction itself sets of them, it sets no longer. Returns the keys
    /// that this is about; those that nobody has set are not among them.
    pub fn stage_unset(
        &mut self,
        transaction: &TransactionName,
        keys: &[Key],
    ) -> Result<Vec<Key>, Error> {
        let (mut layers, mut unset) = self.open_transaction(transaction)?;
        let mut concerned = Vec::new();
        for key in keys {
            let before = concerned.len();
            let live = self.now.layers.keys_below(key);
            concerned.extend(layers.keys_below(key));
            concerned.extend(live.iter().cloned());
            if concerned.len() == before && !self.now.image.knows(key) {
                return Err(Error::UnknownKey(key.clone()));
            }
            unset.extend(live);
        }
        if concerned.is_empty() {
            return Ok(concerned);
        }
        concerned.sort();
        concerned.dedup();
        layers.retain(|_, key, _| concerned.binary_search(key).is_err());
        if layers.is_empty() && unset.is_empty() {
            self.drop_transaction(transaction)?;
        } else {
            self.replace_transaction(transaction, layers, unset)?;
        }
        Ok(concerned)
    }

    /// Throws a transaction away. Returns the keys it was about, none if there
    /// is no such transaction.
    pub fn drop_transaction(&mut self, transaction: &TransactionName) -> Result<Vec<Key>, Error> {
        let Some(pending) = self.now.pending.get(transaction) else {
            return Ok(Vec::new());
        };
        let keys = pending.keys();
        disk::remove(&pending::path(&self.folder, transaction))?;
        self.removed.clear();
        self.now.pending.remove(transaction);
        Ok(keys)
    }

    /// Makes the changes of a transaction effective, all of them or, on any
    /// error, none. Returns the keys it was about.
    ///
    /// The settings as they would become are held against the rules between
    /// them first.
    pub fn commit(&mut self, transaction: &TransactionName, who: &str) -> Result<Vec<Key>, Error> {
        let candidate = self.now.commit(transaction)?;
        let keys = candidate.keys.clone();
        let consumed = self.now.pending.get(transaction).map(|p| p.sha256.clone());
        let mut removed = self.removed.clone();
        removed.extend(consumed);
        self.make_effective(candidate, transaction.as_ref(), who, &removed)?;
        // Done. The generation says that this document counts no longer.
        self.now.pending.remove(transaction);
        let path = pending::path(&self.folder, transaction);
        self.tidy(disk::remove_eventually(&path));
        self.removed = removed;
        Ok(keys)
    }

    /// Makes the settings again what they were in a generation that is kept,
    /// in all layers that are stored. It is a commit like any other: it can be
    /// taken back too. Returns the keys that are different now; if there are
    /// none, there is no new generation.
    pub fn rollback(&mut self, number: u64, who: &str) -> Result<Vec<Key>, Error> {
        let mut layers = self.history().get(number)?.layers;
        set_aside_unknown(&self.now.image.model, &mut layers, &mut Vec::new());
        let keys = self.now.layers.differences(&layers);
        if keys.is_empty() {
            return Ok(keys);
        }
        let effective = layers.over(self.now.image.defaults.clone());
        self.now.image.check(&effective)?;
        let candidate = Candidate {
            layers,
            effective,
            keys: keys.clone(),
        };
        let removed = self.removed.clone();
        self.make_effective(candidate, &format!("rollback-to-{number}"), who, &removed)?;
        Ok(keys)
    }

    fn make_effective(
        &mut self,
        candidate: Candidate,
        transaction: &str,
        who: &str,
        consumed: &[String],
    ) -> Result<(), Error> {
        let generation = Generation {
            format: generation::FORMAT,
            number: self.next,
            time: rfc3339(SystemTime::now()),
            transaction: transaction.to_owned(),
            who: who.to_owned(),
            keys: candidate.keys,
            consumed: consumed.to_vec(),
            layers: candidate.layers,
            set_aside: self.set_aside.clone(),
        };
        let document = generation.seal()?;
        let path = generation::path(&self.folder, self.next);
        if let Err(e) = disk::replace(&path, &document.bytes) {
            // It may stand there without being durable. If it cannot be
            // removed either, opening the store will find either state.
            let _ = disk::remove(&path);
            return Err(e.into());
        }
        self.now.layers = Arc::new(generation.layers);
        self.now.text = candidate.effective.to_string().into();
        self.now.effective = Arc::new(candidate.effective);
        self.now.generation = self.next;
        self.next += 1;
        self.tidy(generation::prune(&self.folder));
        Ok(())
    }

    /// What a transaction is about so far; nothing if it is to be opened.
    fn open_transaction(
        &self,
        transaction: &TransactionName,
    ) -> Result<(Layers, BTreeSet<Key>), Error> {
        match self.now.pending.get(transaction) {
            Some(pending) => Ok((pending.layers.clone(), pending.unset.clone())),
            None if self.now.pending.len() >= MAX_TRANSACTIONS => {
                Err(Error::TooManyTransactions(self.now.pending.len()))
            }
            None => Ok(Default::default()),
        }
    }

    fn replace_transaction(
        &mut self,
        transaction: &TransactionName,
        layers: Layers,
        unset: BTreeSet<Key>,
    ) -> Result<(), Error> {
        let (pending, document) = pending::seal(self.now.generation, layers, unset)?;
        self.check_room(transaction, pending.size)?;
        disk::replace(&pending::path(&self.folder, transaction), &document.bytes)?;
        // That has made earlier removals in the folder durable too.
        self.removed.clear();
        self.now
            .pending
            .insert(transaction.clone(), Arc::new(pending));
        Ok(())
    }

    fn check_room(&self, transaction: &TransactionName, size: usize) -> Result<(), Error> {
        let others = self.now.pending.iter();
        let others = others.filter(|(name, _)| *name != transaction);
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

    /// Takes note that what a commit has made superfluous was not removed. The
    /// commit is done already, so that is only worth a warning.
    fn tidy(&mut self, removed: files::Result<()>) {
        let Err(error) = removed else { return };
        let warning = error.to_string();
        if !self.now.warnings.contains(&warning) {
            Arc::make_mut(&mut self.now.warnings).push(warning);
        }
    }
}

/// The open transactions, without those that were committed before power
/// failed, whose documents are removed.
fn uncommitted(
    folder: &Path,
    consumed: &[String],
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<TransactionName, Arc<Pending>>, Error> {
    let mut open = BTreeMap::new();
    for (name, pending) in pending::read_all(folder, warnings)? {
        if consumed.contains(&pending.sha256) {
            disk::remove(&pending::path(folder, &name))?;
        } else {
            open.insert(name, Arc::new(pending));
        }
    }
    Ok(open)
}

/// Drops entries that this version of the model does not take: it would take
/// nothing else either as long as they are there. Generations that are kept
/// still hold them.
fn set_aside_unknown(model: &Model, layers: &mut Layers, warnings: &mut Vec<String>) {
    let all = layers.over(Value::Object(Map::new()));
    if model.normalise(&all).is_ok() {
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
