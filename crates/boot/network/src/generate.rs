//! From the configuration to units, on the node.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::render::{DEFAULT_UNIT, PREFIX, render};
use crate::source::{Refusal, Sources};
use crate::state::{Primary, State};

/// What came of it.
#[derive(Debug)]
pub enum Outcome {
    /// The network is what this file asks for.
    Configured(PathBuf),
    /// Nobody asked for anything: the default of the image is in force.
    Default,
    /// What was asked for is no use: the default of the image is in force.
    Refused(Refusal),
}

/// Writes the units of the configuration that is found into the folder
/// `units`, in place of those of an earlier run, and what later steps of the
/// boot have to know into `state`.
///
/// Whatever goes wrong, the default of the image is in force then, so that the
/// node can be reached.
pub fn generate(sources: &Sources, units: &Path, state: &State) -> files::Result<Outcome> {
    files::create_dir_all(units)?;
    clear(units)?;
    match sources.find() {
        Ok(Some(found)) => {
            let written = render(&found.config).into_iter().try_for_each(|unit| {
                files::replace(&units.join(unit.file_name), unit.contents.as_bytes(), 0o644)
            });
            if written.is_err() {
                // The error that matters is the first one.
                let _ = clear(units);
            }
            written?;
            state.set_primary(Some(&Primary::of(&found.config)))?;
            state.set_problem(None)?;
            Ok(Outcome::Configured(found.origin))
        }
        Ok(None) => {
            state.set_primary(None)?;
            state.set_problem(None)?;
            Ok(Outcome::Default)
        }
        Err(refusal) => {
            state.set_primary(None)?;
            state.set_problem(Some(&refusal.summary()))?;
            Ok(Outcome::Refused(refusal))
        }
    }
}

/// Removes our units; that which hides the default first.
fn clear(units: &Path) -> files::Result<()> {
    remove(&units.join(DEFAULT_UNIT))?;
    for entry in files::at("list", units, fs::read_dir(units))? {
        let entry = files::at("list", units, entry)?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> files::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => files::at("remove", path, result),
    }
}
