//! The folder (`/run/updates`) by which updaters keep out of each other's way,
//! and tell the API what they do.
//!
//! | file | what it is |
//! |---|---|
//! | `lock` | locked (flock(2)) by the updater that works |
//! | `status.json` | [`Status`], after the last action |
//! | `progress.json` | [`Progress`], while a download runs |

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::Serialize;

use crate::status::Status;

/// Progress is told this often.
const PAUSE: Duration = Duration::from_millis(100);

/// The folder.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

/// Whoever has it is the only updater; until it is dropped, or the program ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// How far a download is.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// The version that is fetched.
    pub version: String,
    /// Bytes of all its parts that have come.
    pub done: u64,
    /// Bytes of all its parts.
    pub total: u64,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    told: Option<Instant>,
}

impl RunFolder {
    /// At `path`, which need not be there.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Becomes the only updater; `None` if there is another one.
    ///
    /// # Errors
    ///
    /// If the file cannot be made or locked.
    pub fn lock(&self) -> files::Result<Option<Lock>> {
        files::create_dir_all(&self.0)?;
        let path = self.0.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let file = files::at("open", &path, options.open(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => files::at("lock", &path, Err(error.into())),
        }
    }

    /// What the last action left; nothing, if there was none since the boot.
    pub fn status(&self) -> Status {
        // What cannot be read is worth as much as nothing: the next action
        // finds out how things are.
        fs::read(self.0.join("status.json"))
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default()
    }

    /// Tells the API.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn tell(&self, status: &Status) -> files::Result<()> {
        let text = serde_json::to_vec(status).unwrap_or_default();
        files::replace(&self.0.join("status.json"), &text, 0o644)
    }

    /// Tells that a download begins.
    pub fn progress(&self, version: String, total: u64) -> Progress {
        let mut progress = Progress {
            version,
            done: 0,
            total,
            file: self.0.join("progress.json"),
            told: None,
        };
        progress.add(0);
        progress
    }
}

impl Progress {
    /// So many bytes more have come.
    pub fn add(&mut self, bytes: u64) {
        self.done += bytes;
        if self.done < self.total && self.told.is_some_and(|told| told.elapsed() < PAUSE) {
            return;
        }
        self.told = Some(Instant::now());
        let text = serde_json::to_vec(self).unwrap_or_default();
        // It does without, if it has to.
        let _ = files::replace(&self.file, &text, 0o644);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_updater_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(&folder.path().join("updates"));
        let lock = run.lock().unwrap().unwrap();
        assert!(run.lock().unwrap().is_none());
        drop(lock);
        assert!(run.lock().unwrap().is_some());
    }

    #[test]
    fn progress_is_told_and_gone_when_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        let read = || fs::read_to_string(folder.path().join("progress.json"));
        let mut progress = run.progress("1.1.0".to_owned(), 10);
        assert_eq!(
            read().unwrap(),
            r#"{"version":"1.1.0","done":0,"total":10}"#
        );
        progress.add(10);
        assert_eq!(
            read().unwrap(),
            r#"{"version":"1.1.0","done":10,"total":10}"#
        );
        drop(progress);
        assert!(read().is_err());
    }

    #[test]
    fn a_damaged_status_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::new(folder.path());
        assert_eq!(run.status(), Status::default());
        fs::write(folder.path().join("status.json"), "{\"update").unwrap();
        assert_eq!(run.status(), Status::default());
        let status = Status {
            available_updates: vec!["1.1.0".parse().unwrap()],
            ..Status::default()
        };
        run.tell(&status).unwrap();
        assert_eq!(run.status(), status);
    }
}
