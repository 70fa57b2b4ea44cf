//! Where user data comes from.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use apiclient::user_data::MAX_BYTES;

/// The name of the systemd credential that holds user data. systemd itself
/// takes credentials from QEMU's fw_cfg (`opt/io.systemd.credentials/…`),
/// SMBIOS type 11 strings and others, see systemd.system-credentials(7).
const CREDENTIAL: &str = "bottlerocket.user-data";

/// What a source has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserData {
    /// For messages: the file, address or other place it was found at.
    pub origin: String,
    /// The document; more than [`MAX_BYTES`] only if it is too large.
    pub bytes: Vec<u8>,
}

/// A place where a platform or a person may have left user data.
pub trait Source: Debug {
    /// Gets what is there, `None` if nothing is.
    fn fetch(&self) -> files::Result<Option<UserData>>;
}

/// A file that may exist.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// The file at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Source for FileSource {
    fn fetch(&self) -> files::Result<Option<UserData>> {
        let bytes = match files::read_limited(&self.path, MAX_BYTES) {
            Err(error) if error.is_not_found() => return Ok(None),
            result => result?,
        };
        Ok(Some(UserData {
            origin: self.path.display().to_string(),
            bytes,
        }))
    }
}

/// The sources of a node, weakest first: defaults on the data partition, user
/// data put into the image, the platform's, overrides on the data partition.
pub fn standard(root: &Path, credentials: Option<&Path>) -> Vec<Box<dyn Source>> {
    let file = |path: &str| -> Box<dyn Source> { Box::new(FileSource::new(root.join(path))) };
    let mut sources = vec![
        file("local/user-data-defaults.toml"),
        file("var/lib/bottlerocket/user-data.toml"),
    ];
    if let Some(folder) = credentials {
        sources.push(Box::new(FileSource::new(folder.join(CREDENTIAL))));
    }
    sources.push(file("local/user-data-overrides.toml"));
    sources
}
