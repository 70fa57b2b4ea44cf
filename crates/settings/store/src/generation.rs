//! Generations: what was committed, one document each.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use settings_model::Key;

use crate::disk;
use crate::document::{self, Document};
use crate::error::Error;
use crate::layer::Layers;

/// The form of the payload. Whoever changes it writes a migration.
pub(crate) const FORMAT: u32 = 1;

/// Generations that are kept, the newest included.
const KEPT: usize = 16;

/// Generations beyond the second newest are kept only while all together have
/// no more bytes than this.
const KEPT_BYTES: u64 = 8 * 1024 * 1024;

/// One committed state of the settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Generation {
    /// Always [`FORMAT`] in what was read.
    pub format: u32,
    /// Grows by one with each commit; also in the file's name.
    pub number: u64,
    /// When it was committed, in RFC 3339 form.
    pub time: String,
    /// The transaction that was committed.
    pub transaction: String,
    /// Who committed it.
    pub who: String,
    /// The settings it was about.
    pub keys: Vec<Key>,
    /// The checksums of documents of committed transactions, this one's among
    /// them, that may still be there, or be there again after power failed.
    pub consumed: Vec<String>,
    /// All that was ever set and not covered by a later value of its layer.
    pub layers: Layers,
    /// What migrations could not bring over, for the way back. The store only
    /// keeps it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub set_aside: Map<String, Value>,
}

impl Generation {
    /// In its written form.
    pub fn seal(&self) -> Result<Document, Error> {
        document::seal("the settings", self)
    }
}

/// Where a generation is stored.
pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("generation-{number:06}.json"))
}

/// The numbers of the generations in a folder, the newest first.
pub(crate) fn numbers(folder: &Path) -> Result<Vec<u64>, files::Error> {
    let mut numbers: Vec<u64> = disk::names(folder)?
        .iter()
        .filter_map(|name| parse_name(name))
        .collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    Ok(numbers)
}

fn parse_name(name: &OsStr) -> Option<u64> {
    let name = name.to_str()?;
    let digits = name.strip_prefix("generation-")?.strip_suffix(".json")?;
    let number = digits.parse().ok()?;
    // Only the way it is written, so that each number has one file.
    (format!("generation-{number:06}.json") == name).then_some(number)
}

/// The newest generation of a folder that is not damaged, with its file's
/// content. Each damaged one before it is a warning.
pub(crate) fn newest(
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Result<Option<(Generation, Vec<u8>)>, files::Error> {
    for number in numbers(folder)? {
        let path = path(folder, number);
        match read(&path, number) {
            Ok(found) => return Ok(Some(found)),
            Err(reason) => warnings.push(format!(
                "settings of generation {number} are lost: {} is damaged: {reason}",
                path.display()
            )),
        }
    }
    Ok(None)
}

/// One generation with its file's content, or in what way it is damaged.
pub(crate) fn read(path: &Path, number: u64) -> Result<(Generation, Vec<u8>), String> {
    let bytes = files::read(path).map_err(|e| e.to_string())?;
    let (generation, _) = document::open::<Generation>(&bytes)?;
    if generation.format != FORMAT {
        return Err(format!("its format is {}, not {FORMAT}", generation.format));
    }
    if generation.number != number {
        return Err(format!("it holds generation {}", generation.number));
    }
    Ok((generation, bytes))
}

/// Removes generations that need not be kept.
pub(crate) fn prune(folder: &Path) -> Result<(), files::Error> {
    let mut bytes = 0;
    for (count, number) in numbers(folder)?.into_iter().enumerate() {
        let path = path(folder, number);
        bytes += files::at("examine", &path, std::fs::metadata(&path))?.len();
        if count >= KEPT || (count >= 2 && bytes > KEPT_BYTES) {
            disk::remove_eventually(&path)?;
        }
    }
    Ok(())
}
