//! User data in a file.

use std::path::PathBuf;

use apiclient::Layer;
use apiclient::user_data::MAX_BYTES;

use super::{Error, Source, UserData};

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
    fn fetch(&self) -> Result<Option<UserData>, Error> {
        let bytes = match files::read_limited(&self.path, MAX_BYTES) {
            Err(error) if error.is_not_found() => return Ok(None),
            result => result?,
        };
        Ok(Some(UserData {
            origin: self.path.display().to_string(),
            bytes,
            layer: Layer::UserData,
        }))
    }
}
