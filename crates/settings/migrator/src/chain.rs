//! Taking a payload through all migrations between two versions.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use semver::Version;
use serde_json::Value;

use crate::program::Program;
use crate::{Error, List};

/// Largest program, in bytes: many times what one has.
const MAX_PROGRAM_SIZE: u64 = 16 * 1024 * 1024;

/// The migrations there are.
#[derive(Debug)]
pub struct Migrations {
    /// Which of them lead where.
    pub list: List,
    /// The folder with their programs.
    pub folder: PathBuf,
    /// A folder for payloads between two migrations. They hold secrets: it is
    /// in memory, and for nobody else's eyes.
    pub work: PathBuf,
}

impl Migrations {
    /// Takes a payload from one version to another.
    pub fn run(&self, from: &str, to: &str, payload: &Value) -> Result<Value, Error> {
        let (from, to) = (version(from)?, version(to)?);
        let direction = if from < to { "forward" } else { "backward" };
        let names = self.list.path(&from, &to)?;
        let copy = Copy::create(&self.work)?;
        files::replace(&copy.source, payload.to_string().as_bytes(), 0o600)?;
        for name in names {
            tracing::info!("migration {direction}: {name}");
            self.program(name)?
                .run(direction, &copy.source, &copy.target)?;
            let renamed = fs::rename(&copy.target, &copy.source);
            files::at("rename", &copy.target, renamed)?;
        }
        serde_json::from_slice(&files::read(&copy.source)?).map_err(Error::Result)
    }

    fn program(&self, name: &str) -> Result<Program, Error> {
        let path = self.folder.join(name);
        let size = files::at("examine", &path, fs::metadata(&path))?.len();
        if size > MAX_PROGRAM_SIZE {
            return Err(Error::TooLarge { path, size });
        }
        Program::seal(name, &files::read(&path)?)
    }
}

fn version(text: &str) -> Result<Version, Error> {
    text.parse().map_err(|source| Error::Version {
        version: text.to_owned(),
        source,
    })
}

/// What the migrations work on, which is gone afterwards.
#[derive(Debug)]
struct Copy {
    source: PathBuf,
    target: PathBuf,
}

impl Copy {
    fn create(folder: &Path) -> Result<Copy, Error> {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        files::at("create", folder, created)?;
        let copy = Copy {
            source: folder.join("source.json"),
            target: folder.join("target.json"),
        };
        // What a migrator that was killed left there is nobody's result.
        copy.remove();
        Ok(copy)
    }

    fn remove(&self) {
        for file in [&self.source, &self.target] {
            // Mostly only one is there; and it is in memory.
            let _ = fs::remove_file(file);
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}
