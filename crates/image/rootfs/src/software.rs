//! Software sets: what a variant can be composed of.

use crate::Error;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::Path;

/// A software set: first-party programs and what they need of others.
#[derive(Debug, Clone, Default)]
pub struct Software {
    /// The name that variants use.
    pub name: String,
    /// First-party programs, each with the names of its applets.
    pub programs: BTreeMap<String, Vec<String>>,
    /// Files taken from packages, as glob patterns relative to the root.
    pub files: Vec<String>,
    /// Libraries opened at run time, which no ELF header tells.
    pub libraries: Vec<String>,
    /// Symbolic links to make, by place, with their target.
    pub links: BTreeMap<String, String>,
    /// Units that start, by the target that wants them.
    pub services: BTreeMap<String, Vec<String>>,
    /// Units that never start, whichever set has them.
    pub masked: Vec<String>,
}

/// `conf/software/NAME.toml`: what both builders read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    #[serde(default)]
    programs: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    services: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    masked: Vec<String>,
}

/// `conf/debian/NAME.toml`: what the set is on Debian packages.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDebian {
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    libraries: Vec<String>,
    #[serde(default)]
    links: BTreeMap<String, String>,
}

impl Software {
    /// Reads a set from the `conf` folder.
    pub fn read(conf: &Path, name: &str) -> Result<Software, Error> {
        let file = format!("{name}.toml");
        let common: Common = read(&conf.join("software").join(&file))?;
        let debian: OnDebian = read(&conf.join("debian").join(&file))?;
        Ok(Software {
            name: name.to_owned(),
            programs: common.programs,
            files: debian.files,
            libraries: debian.libraries,
            links: debian.links,
            services: common.services,
            masked: common.masked,
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
