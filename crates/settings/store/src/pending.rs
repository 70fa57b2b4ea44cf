//! Open transactions: what is staged and not committed yet.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use settings_model::Key;

use crate::document::{self, Document};
use crate::error::Error;
use crate::layer::Layers;
use crate::{TransactionName, disk};

const FORMAT: u32 = 1;

/// The changes of one transaction, and the document they are stored in.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// What a commit sets.
    pub layers: Layers,
    /// What a commit returns to the layer below; nothing that it sets.
    pub unset: BTreeSet<Key>,
    /// Which state of the document this is.
    pub sha256: String,
    /// Size of the document in bytes.
    pub size: usize,
}

impl Pending {
    /// The settings it is about, in order.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = self.layers.keys();
        keys.extend(self.unset.iter().cloned());
        keys.sort();
        keys
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Payload {
    format: u32,
    /// The generation it was staged on: what is staged again after a commit
    /// does not look like the document that the commit has consumed.
    generation: u64,
    layers: Layers,
    unset: BTreeSet<Key>,
}

/// Where transactions are stored.
pub(crate) fn folder(version_folder: &Path) -> PathBuf {
    version_folder.join("pending")
}

/// Where a transaction is stored.
pub(crate) fn path(version_folder: &Path, name: &TransactionName) -> PathBuf {
    folder(version_folder).join(format!("{name}.json"))
}

/// Changes in their written form.
pub(crate) fn seal(
    generation: u64,
    layers: Layers,
    unset: BTreeSet<Key>,
) -> Result<(Pending, Document), Error> {
    let payload = Payload {
        format: FORMAT,
        generation,
        layers,
        unset,
    };
    let document = document::seal("the transaction", &payload)?;
    let pending = Pending {
        layers: payload.layers,
        unset: payload.unset,
        sha256: document.sha256.clone(),
        size: document.bytes.len(),
    };
    Ok((pending, document))
}

/// Reads all transactions. Each damaged one is a warning; its file stays
/// until a transaction of that name replaces it.
pub(crate) fn read_all(
    version_folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<BTreeMap<TransactionName, Pending>, files::Error> {
    let folder = folder(version_folder);
    let mut found = BTreeMap::new();
    for file_name in disk::names(&folder)? {
        let path = folder.join(&file_name);
        let Some(name) = parse_name(&file_name) else {
            continue;
        };
        match read(&path) {
            Ok(pending) => {
                found.insert(name, pending);
            }
            Err(reason) => warnings.push(format!(
                "pending changes of transaction `{name}` are lost: {} is damaged: {reason}",
                path.display()
            )),
        }
    }
    Ok(found)
}

fn parse_name(name: &OsStr) -> Option<TransactionName> {
    name.to_str()?.strip_suffix(".json")?.parse().ok()
}

fn read(path: &Path) -> Result<Pending, String> {
    let bytes = files::read(path).map_err(|e| e.to_string())?;
    let (payload, sha256) = document::open::<Payload>(&bytes)?;
    if payload.format != FORMAT {
        return Err(format!("its format is {}, not {FORMAT}", payload.format));
    }
    Ok(Pending {
        layers: payload.layers,
        unset: payload.unset,
        sha256,
        size: bytes.len(),
    })
}
