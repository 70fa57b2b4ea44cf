//! Migrations of settings: kept with the metadata that vouches for them when an
//! update is written, and verified again, without a network, when it boots.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::json;
use update_metadata::Manifest;

use crate::repository::Repository;

/// From which version to which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The version whose settings are there.
    pub from: Version,
    /// The version that wants them.
    pub to: Version,
}

/// A part of a repository, in a folder.
#[derive(Debug)]
pub struct Kept(PathBuf);

impl Kept {
    /// In `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Keeps what a way needs, in the place of what was kept.
    ///
    /// # Errors
    ///
    /// If a migration is missing, or is not as signed.
    pub async fn keep(
        &self,
        repository: &Repository,
        manifest: &Manifest,
        way: &Way,
    ) -> Result<()> {
        let unfinished = self.0.with_extension("new");
        for folder in [&unfinished, &self.0] {
            if folder.exists() {
                files::at("remove", folder, fs::remove_dir_all(folder))?;
            }
        }
        let names = manifest.migrations(&way.from, &way.to);
        let targets = names
            .iter()
            .map(|name| Manifest::migration_target(name, std::env::consts::ARCH));
        repository
            .keep(&unfinished, &targets.collect::<BTreeSet<_>>())
            .await?;
        let text = serde_json::to_vec(way)?;
        files::replace(&unfinished.join("way.json"), &text, 0o644)?;
        files::at("rename", &self.0, fs::rename(&unfinished, &self.0))?;
        Ok(())
    }

    /// Verifies what is kept, and writes the migrations to `folder`, beside
    /// `list.json` with the way that they go. Nothing, if they do not lead to
    /// `running`.
    ///
    /// # Errors
    ///
    /// If what is kept is not as signed.
    pub async fn load(&self, root: &Path, running: &Version, folder: &Path) -> Result<()> {
        let path = self.0.join("way.json");
        let way: Way = serde_json::from_slice(&files::read(&path)?)
            .with_context(|| format!("{} names no way", path.display()))?;
        if way.to != *running {
            return Ok(());
        }
        let work = folder.with_extension("seen");
        let repository = Repository::open_kept(&self.0, root, &work).await?;
        let manifest = repository.manifest().await?;
        // As of an upgrade: downgrades take the same list the other way round.
        let (older, newer) = (way.from.clone().min(way.to.clone()), way.from.max(way.to));
        let names = manifest.migrations(&older, &newer);
        files::create_dir_all(folder)?;
        for name in &names {
            let target = Manifest::migration_target(name, std::env::consts::ARCH);
            let program = repository.read(&target).await?;
            files::replace(&folder.join(name), &program, 0o500)?;
        }
        tracing::info!("{} migrations lead from {older} to {newer}", names.len());
        let step = format!("({older}, {newer})");
        let list = json!({"migrations": {step: names}}).to_string();
        Ok(files::replace(
            &folder.join("list.json"),
            list.as_bytes(),
            0o400,
        )?)
    }
}
