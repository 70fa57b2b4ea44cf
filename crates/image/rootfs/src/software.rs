//! Software sets: what a variant can be composed of.

use crate::Error;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A software set: first-party programs and what they need of others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Software {
    /// The name that variants use.
    #[serde(skip)]
    pub name: String,
    /// First-party programs, each with the names of its applets.
    pub programs: BTreeMap<String, Vec<String>>,
    /// Third-party files, as glob patterns relative to the root.
    pub files: Vec<String>,
    /// Third-party programs that Debian does not have, by name.
    pub external: BTreeMap<String, External>,
    /// Third-party libraries opened at run time, which no ELF header tells.
    pub libraries: Vec<String>,
    /// Symbolic links to make, by place, with their target.
    pub links: BTreeMap<String, String>,
    /// Units that start, by the target that wants them.
    pub services: BTreeMap<String, Vec<String>>,
    /// Units that never start, whichever set has them.
    pub masked: Vec<String>,
}

/// A program that the packages may not have: it is then taken from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// Its place, relative to the root.
    pub path: PathBuf,
    /// Where its makers offer it, by architecture.
    #[serde(default)]
    pub from: BTreeMap<String, Download>,
}

/// A file to download.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Download {
    /// Its address.
    pub url: String,
    /// SHA-256 of it, in hexadecimal.
    pub sha256: String,
}

impl Software {
    /// Reads a set from the `conf` folder.
    pub fn read(conf: &Path, name: &str) -> Result<Software, Error> {
        let path = conf.join("software").join(format!("{name}.toml"));
        Ok(Software {
            name: name.to_owned(),
            ..read(&path)?
        })
    }
}

/// Reads a TOML file into a type; errors name the file and the place in it.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    toml::from_str(&files::read_to_string(path)?).map_err(|e| Error::Configuration {
        path: path.to_owned(),
        reason: e.to_string(),
    })
}
