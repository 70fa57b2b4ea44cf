//! The folder with the boot entries, and what can be done to it one step at a
//! time: between any two of them the power may go.

use std::fs;
use std::path::{Path, PathBuf};

/// Steps on a folder. Each is on the disk when it returns.
pub trait Folder {
    /// The names of the files.
    fn list(&self) -> files::Result<Vec<String>>;
    /// The text of a file.
    fn read(&self, name: &str) -> files::Result<String>;
    /// Makes or replaces a file, not atomically.
    fn write(&mut self, name: &str, text: &str) -> files::Result<()>;
    /// Gives a file another name; a file that has it is gone.
    fn rename(&mut self, from: &str, to: &str) -> files::Result<()>;
    /// Removes a file.
    fn remove(&mut self, name: &str) -> files::Result<()>;
}

/// A folder of a file system.
#[derive(Debug, Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// The folder at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    fn sync(&self) -> files::Result<()> {
        files::sync_dir(&self.path)
    }
}

impl Folder for Directory {
    fn list(&self) -> files::Result<Vec<String>> {
        let entries = files::at("list", &self.path, fs::read_dir(&self.path))?;
        let names = entries.map(|entry| {
            let name = files::at("list", &self.path, entry)?.file_name();
            Ok(name.to_string_lossy().into_owned())
        });
        names.collect()
    }

    fn read(&self, name: &str) -> files::Result<String> {
        /// Entries have four lines.
        const MAX_BYTES: usize = 64 * 1024;
        let bytes = files::read_limited(&self.path.join(name), MAX_BYTES)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn write(&mut self, name: &str, text: &str) -> files::Result<()> {
        files::write_synced(&self.path.join(name), text.as_bytes(), 0o644)
    }

    fn rename(&mut self, from: &str, to: &str) -> files::Result<()> {
        let (from, to) = (self.path.join(from), self.path.join(to));
        files::at("rename", &to, fs::rename(&from, &to))?;
        self.sync()
    }

    fn remove(&mut self, name: &str) -> files::Result<()> {
        let path: &Path = &self.path.join(name);
        files::at("remove", path, fs::remove_file(path))?;
        self.sync()
    }
}
