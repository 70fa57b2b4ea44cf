//! Where the configuration of a node's network comes from.

use std::path::PathBuf;

use crate::config::{self, MAX_BYTES, NetConfig};

/// The name of the systemd credential that holds a `net.toml`. systemd itself
/// takes credentials from QEMU's fw_cfg (`opt/io.systemd.credentials/…`),
/// SMBIOS type 11 strings and others, see systemd.system-credentials(7).
pub const CREDENTIAL: &str = "bottlerocket.net-toml";

/// The places to look at, in this order; the first one that has something
/// decides, even if that is no use.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Files that may hold a `net.toml`.
    pub files: Vec<PathBuf>,
    /// The kernel command line.
    pub command_line: PathBuf,
}

/// What was found, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The file.
    pub origin: PathBuf,
    /// What it asks for.
    pub config: NetConfig,
}

/// Why what was found is no use.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is there, but cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It is not text.
    #[error("{}: the text is not UTF-8", origin.display())]
    NotText {
        /// The file.
        origin: PathBuf,
    },
    /// It is not a good `net.toml`.
    #[error("{}", error.located(&origin.display().to_string()))]
    NetToml {
        /// The file.
        origin: PathBuf,
        /// What is wrong, and where.
        error: Box<config::Error>,
    },
    /// The argument on the kernel command line is no use.
    #[error(transparent)]
    Argument(#[from] config::BadArgument),
}

impl Refusal {
    /// In one line, with a hint.
    pub fn summary(&self) -> String {
        match self {
            Self::NetToml { error, .. } => match error.hint() {
                Some(hint) => format!("{self} (hint: {hint})"),
                None => self.to_string(),
            },
            _ => self.to_string(),
        }
    }

    /// Over several lines, with the part of the document concerned.
    pub fn explain(&self) -> String {
        match self {
            Self::NetToml { origin, error } => error.explain(&origin.display().to_string()),
            _ => self.to_string(),
        }
    }
}

impl Sources {
    /// Looks for a configuration; `None` if nobody asks for one.
    pub fn find(&self) -> Result<Option<Found>, Refusal> {
        for path in &self.files {
            let bytes = match files::read_limited(path, MAX_BYTES) {
                Err(error) if error.is_not_found() => continue,
                result => result?,
            };
            let origin = path.clone();
            let Ok(text) = String::from_utf8(bytes) else {
                return Err(Refusal::NotText { origin });
            };
            return match config::validate(&text) {
                Ok(config) => Ok(Some(Found { origin, config })),
                Err(error) => {
                    let error = Box::new(error);
                    Err(Refusal::NetToml { origin, error })
                }
            };
        }
        let line = files::read(&self.command_line)?;
        let config = config::default_interface(&String::from_utf8_lossy(&line))?;
        Ok(config.map(|config| Found {
            origin: self.command_line.clone(),
            config,
        }))
    }
}
