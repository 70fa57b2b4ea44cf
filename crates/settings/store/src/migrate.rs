//! From the settings of one version to those of another that means something
//! else by them.

use std::fmt::Display;
use std::path::Path;

use serde_json::Value;

use crate::generation::Generation;
use crate::{Error, disk, document, folder, generation, name};

/// How a version came to its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// No version stored any yet.
    None,
    /// It is the version that was current.
    Current,
    /// It has its own from before.
    Own,
    /// They were made of those of the version that was current.
    Migrated {
        /// What was wrong with those. Sentences for a person.
        warnings: Vec<String>,
    },
}

/// Makes a version current. If it has no settings yet, or `anew` says that those
/// it has are of no more use, it gets the newest good generation of the version
/// that was, changed by `transform`, which is given the payload.
///
/// Whatever fails: the version that was current still is, with its settings.
pub fn migrate<E: Display>(
    base: &Path,
    to_version: &str,
    anew: bool,
    mut transform: impl FnMut(Value) -> Result<Value, E>,
) -> Result<Outcome, Error> {
    let _lock = folder::lock(base)?;
    name::check(to_version).map_err(Error::Version)?;
    let mut warnings = Vec::new();
    let Some(from) = folder::current(base, &mut warnings)? else {
        return Ok(Outcome::None);
    };
    let to = base.join(to_version);
    if from == to {
        return Ok(Outcome::Current);
    }
    if to.is_dir() && !anew {
        folder::make_current(base, to_version)?;
        return Ok(Outcome::Own);
    }
    let newest = generation::newest(&from, &mut warnings)?;
    let document = match newest {
        None => None,
        Some((old, bytes)) => Some((old.number, change(&old, &bytes, &mut transform)?)),
    };
    disk::remove_dir(&to)?;
    folder::create(base, to_version, |unfinished| {
        if let Some((number, document)) = document {
            disk::replace(&generation::path(unfinished, number), &document.bytes)?;
        }
        Ok(())
    })?;
    folder::make_current(base, to_version)?;
    Ok(Outcome::Migrated { warnings })
}

/// The document that a transformed payload makes, as long as it is one.
fn change<E: Display>(
    old: &Generation,
    bytes: &[u8],
    mut transform: impl FnMut(Value) -> Result<Value, E>,
) -> Result<document::Document, Error> {
    let (payload, _) = document::open(bytes).map_err(Error::Migration)?;
    let payload = transform(payload).map_err(|e| Error::Migration(e.to_string()))?;
    let new: Generation = serde_json::from_value(payload)
        .map_err(|e| Error::Migration(format!("what migrations made is damaged: {e}")))?;
    if new.format != generation::FORMAT || new.number != old.number {
        return Err(Error::Migration(format!(
            "what migrations made has format {} and number {}, not {} and {}",
            new.format,
            new.number,
            generation::FORMAT,
            old.number
        )));
    }
    new.seal()
}
