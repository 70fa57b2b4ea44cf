//! Migrations of settings, as `image-builder migrations` makes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use update_metadata::{Manifest, Step};

/// The folder that `image-builder migrations` made.
#[derive(Debug)]
pub struct Migrations {
    folder: PathBuf,
    list: List,
}

/// What of `migrations.toml` leads where.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    migrations: BTreeMap<Step, Vec<String>>,
}

impl Migrations {
    /// Opens a folder.
    ///
    /// # Errors
    ///
    /// If it has no list that makes sense.
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join("migrations.toml");
        let list = toml::from_str(&files::read_to_string(&path)?)
            .with_context(|| format!("{} is no list of migrations", path.display()))?;
        let folder = folder.to_owned();
        Ok(Self { folder, list })
    }

    /// Adds the list to a manifest, and writes the programs it has not had
    /// before, as targets, into a folder.
    ///
    /// # Errors
    ///
    /// If a step is published already, with other migrations: nodes that took it
    /// would differ from those to come.
    pub fn add(&self, manifest: &mut Manifest, arch: &str, targets: &Path) -> Result<()> {
        for (step, names) in &self.list.migrations {
            match manifest.migrations.get(step) {
                Some(published) if published != names => bail!(
                    "the migrations of {step} are published already, and are others: {}",
                    published.join(", ")
                ),
                _ => {}
            }
            for name in names {
                let program = files::read(&self.folder.join(name))?;
                files::write(
                    &targets.join(Manifest::migration_target(name, arch)),
                    program,
                )?;
            }
            manifest.migrations.insert(step.clone(), names.clone());
        }
        Ok(())
    }
}
