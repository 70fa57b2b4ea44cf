//! What one step of the boot leaves for later ones, in `/run/netdog`.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::NetConfig;
use crate::render::network_unit_name;

/// The device that has the node's address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Primary {
    /// The file name of its unit.
    pub unit: String,
    /// Its static addresses, best first.
    pub addresses: Vec<IpAddr>,
}

impl Primary {
    /// That of a configuration.
    pub fn of(config: &NetConfig) -> Self {
        let device = config.primary();
        let addresses = device.addressing.static_addresses();
        Self {
            unit: network_unit_name(&device.label),
            addresses: addresses.map(|a| a.cidr().address()).collect(),
        }
    }
}

/// The folder.
#[derive(Debug, Clone)]
pub struct State {
    folder: PathBuf,
}

/// Why the state is no use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It is not what this program writes.
    #[error("{} is no use: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl State {
    /// The state in a folder, which is made when something is put there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Why the configuration was refused, if it was.
    pub fn problem(&self) -> files::Result<Option<String>> {
        self.get("problem")
    }

    /// Remembers why the configuration was refused, or that it was not.
    pub fn set_problem(&self, problem: Option<&str>) -> files::Result<()> {
        self.set("problem", problem)
    }

    /// The primary device, if the configuration names one.
    pub fn primary(&self) -> Result<Option<Primary>, Error> {
        let Some(text) = self.get("primary.json")? else {
            return Ok(None);
        };
        serde_json::from_str(&text).map_err(|source| Error::Content {
            path: self.folder.join("primary.json"),
            source,
        })
    }

    /// Remembers the primary device, or that there is none.
    pub fn set_primary(&self, primary: Option<&Primary>) -> files::Result<()> {
        let text = primary.map(|primary| {
            serde_json::to_string(primary).expect("texts and addresses can be written as JSON")
        });
        self.set("primary.json", text.as_deref())
    }

    fn get(&self, name: &str) -> files::Result<Option<String>> {
        match files::read_to_string(&self.folder.join(name)) {
            Err(error) if error.is_not_found() => Ok(None),
            result => result.map(Some),
        }
    }

    fn set(&self, name: &str, text: Option<&str>) -> files::Result<()> {
        let path = self.folder.join(name);
        match text {
            Some(text) => {
                files::create_dir_all(&self.folder)?;
                files::replace(&path, text.as_bytes(), 0o644)
            }
            None => match fs::remove_file(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                result => files::at("remove", &path, result),
            },
        }
    }
}
