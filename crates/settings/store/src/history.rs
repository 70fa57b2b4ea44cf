//! What was committed, commit by commit.

use std::path::PathBuf;

use serde::Serialize;
use settings_model::Key;

use crate::generation::{self, Generation};
use crate::{Error, disk};

/// The generations of a store. Reads the disk, and needs no turn at the store.
#[derive(Debug, Clone)]
pub struct History {
    pub(crate) folder: PathBuf,
}

/// One committed state of the settings, or that it is lost.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// The number of the generation.
    pub number: u64,
    /// When it was committed, in RFC 3339 form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The transaction that was committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Who committed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The settings it was about.
    #[serde(skip)]
    pub keys: Vec<Key>,
    /// In what way its document is damaged, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damaged: Option<String>,
}

impl History {
    /// The generations that are kept, the newest first.
    pub fn list(&self) -> Result<Vec<Record>, Error> {
        let numbers = generation::numbers(&self.folder)?;
        let records = numbers.into_iter().filter_map(|number| {
            let path = generation::path(&self.folder, number);
            match generation::read(&path, number) {
                Ok((generation, _)) => Some(Record::of(generation)),
                // A commit has pruned it meanwhile.
                Err(_) if !disk::exists(&path) => None,
                Err(reason) => Some(Record::lost(number, reason)),
            }
        });
        Ok(records.collect())
    }

    /// One of them.
    pub(crate) fn get(&self, number: u64) -> Result<Generation, Error> {
        let path = generation::path(&self.folder, number);
        if !disk::exists(&path) {
            return Err(Error::NoGeneration(number));
        }
        match generation::read(&path, number) {
            Ok((generation, _)) => Ok(generation),
            Err(reason) => Err(Error::Damaged { number, reason }),
        }
    }
}

impl Record {
    fn of(generation: Generation) -> Record {
        Record {
            number: generation.number,
            time: Some(generation.time),
            transaction: Some(generation.transaction),
            who: Some(generation.who),
            keys: generation.keys,
            damaged: None,
        }
    }

    fn lost(number: u64, reason: String) -> Record {
        Record {
            number,
            time: None,
            transaction: None,
            who: None,
            keys: Vec::new(),
            damaged: Some(reason),
        }
    }
}
