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

/// Largest list, in bytes: thousands of migrations.
const MAX_LIST_SIZE: u64 = 1024 * 1024;

/// Where migrations are. Nothing is read before they are needed.
#[derive(Debug)]
pub struct Migrations {
    /// The file that says which of them lead where, in TOML if it is named
    /// `.toml`, else in JSON.
    pub list: PathBuf,
    /// The folder with their programs.
    pub folder: PathBuf,
    /// A folder for payloads between two migrations. They hold secrets: it is
    /// in memory, and for nobody else's eyes.
    pub work: PathBuf,
}

impl Migrations {
    /// Takes a payload from one version to another; `None` if there is no list
    /// or no folder of programs.
    pub fn run(&self, from: &str, to: &str, payload: &Value) -> Result<Option<Value>, Error> {
        let Some(list) = self.read_list()? else {
            return Ok(None);
        };
        let (from, to) = (version(from)?, version(to)?);
        let direction = if from < to { "forward" } else { "backward" };
        let names = list.path(&from, &to)?;
        let copy = Copy::create(&self.work)?;
        files::replace(&copy.source, payload.to_string().as_bytes(), 0o600)?;
        for name in names {
            tracing::info!("migration {direction}: {name}");
            self.program(name)?
                .run(direction, &copy.source, &copy.target)?;
            let renamed = fs::rename(&copy.target, &copy.source);
            files::at("rename", &copy.target, renamed)?;
        }
        let migrated = files::read(&copy.source)?;
        let migrated = serde_json::from_slice(&migrated).map_err(Error::Result)?;
        Ok(Some(migrated))
    }

    /// Whether there are a list and a folder of programs.
    pub fn exist(&self) -> bool {
        self.list.exists() && self.folder.is_dir()
    }

    fn read_list(&self) -> Result<Option<List>, Error> {
        let path = &self.list;
        if !self.exist() {
            return Ok(None);
        }
        check_size(path, MAX_LIST_SIZE)?;
        let text = files::read_to_string(path)?;
        let list = if path.extension().is_some_and(|e| e == "toml") {
            List::from_toml(&text)
        } else {
            List::from_json(&text)
        };
        list.map(Some).map_err(|source| Error::ListFile {
            path: path.clone(),
            source: Box::new(source),
        })
    }

    fn program(&self, name: &str) -> Result<Program, Error> {
        let path = self.folder.join(name);
        check_size(&path, MAX_PROGRAM_SIZE)?;
        Program::seal(name, &files::read(&path)?)
    }
}

fn check_size(path: &Path, limit: u64) -> Result<(), Error> {
    let size = files::at("examine", path, fs::metadata(path))?.len();
    if size > limit {
        return Err(Error::TooLarge {
            path: path.to_owned(),
            size,
            limit,
        });
    }
    Ok(())
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
