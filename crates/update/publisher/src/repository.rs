//! A repository in a folder, and what can be done to it.

use std::collections::BTreeSet;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use tough::editor::RepositoryEditor;
use tough::editor::signed::PathExists;
use tough::{ExpirationEnforcement, FilesystemTransport, IntoVec, RepositoryLoader, TargetName};
use update_metadata::{MANIFEST, Manifest};
use url::Url;

use crate::{KeyLocation, root};

/// Who signs, and for how long.
#[derive(Debug, Clone)]
pub struct Signers {
    /// The keys.
    pub keys: Vec<KeyLocation>,
    /// How long the timestamp and the snapshot hold.
    pub fresh: SignedDuration,
    /// How long the targets hold.
    pub valid: SignedDuration,
}

/// A repository in a folder.
#[derive(Debug, Clone)]
pub struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// The repository in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder of the metadata.
    pub fn metadata(&self) -> PathBuf {
        self.folder.join("metadata")
    }

    /// The folder of the targets.
    pub fn targets(&self) -> PathBuf {
        self.folder.join("targets")
    }

    /// The root that nodes trust.
    pub fn root(&self) -> PathBuf {
        self.metadata().join("1.root.json")
    }

    /// Reads the repository as a node does, and every target of it.
    ///
    /// # Errors
    ///
    /// If anything is missing, not signed as it should be, or has expired.
    pub async fn validate(&self) -> Result<Manifest> {
        let repository = self.load(ExpirationEnforcement::Safe).await?;
        for (name, _) in repository.targets().signed.targets_iter() {
            let stream = repository.read_target(name).await?;
            let stream = stream.with_context(|| format!("there is no target {}", name.raw()))?;
            stream
                .into_vec()
                .await
                .with_context(|| format!("target {}", name.raw()))?;
        }
        manifest_of(&repository).await
    }

    /// Copies it, or what is for one variant, into a folder. Nodes that know the
    /// whole take the copy for the same.
    ///
    /// # Errors
    ///
    /// If it is not good, or the copy cannot be written.
    pub async fn mirror(&self, to: &Path, variant: Option<&str>) -> Result<()> {
        let repository = self.load(ExpirationEnforcement::Safe).await?;
        let mut manifest = manifest_of(&repository).await?;
        manifest
            .updates
            .retain(|update| variant.is_none_or(|variant| update.variant == variant));
        if manifest.updates.is_empty() {
            bail!("nothing is offered to {}", variant.unwrap_or("anybody"));
        }
        let copy = Self::new(to);
        repository
            .cache(
                copy.metadata(),
                copy.targets(),
                Some(&names(&manifest)),
                true,
            )
            .await
            .with_context(|| format!("failed to write {}", to.display()))
    }

    /// What it offers.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn manifest(&self) -> Result<Manifest> {
        manifest_of(&self.load(ExpirationEnforcement::Unsafe).await?).await
    }

    /// Writes the metadata of a repository that offers what `manifest` says,
    /// signed. `new_targets` is a folder with targets that it does not hold yet.
    ///
    /// # Errors
    ///
    /// If keys are missing, or files cannot be written.
    pub async fn publish(
        &self,
        manifest: &Manifest,
        new_targets: &Path,
        signers: &Signers,
    ) -> Result<()> {
        let manifest_path = new_targets.join(MANIFEST);
        files::write(&manifest_path, manifest.to_json())?;
        let is_new = !self.metadata().join("timestamp.json").exists();
        let wanted = names(manifest);
        let (mut editor, version) = match is_new {
            true => (RepositoryEditor::new(self.root()).await?, NonZeroU64::MIN),
            false => {
                let repository = self.load(ExpirationEnforcement::Unsafe).await?;
                // Targets that no update names any more are offered no longer.
                let gone: Vec<TargetName> = repository
                    .targets()
                    .signed
                    .targets_iter()
                    .map(|(name, _)| name.clone())
                    .filter(|name| !wanted.iter().any(|wanted| wanted == name.raw()))
                    .collect();
                let last = repository
                    .targets()
                    .signed
                    .version
                    .max(repository.snapshot().signed.version)
                    .max(repository.timestamp().signed.version);
                let mut editor = RepositoryEditor::from_repo(self.root(), repository).await?;
                for name in &gone {
                    editor.remove_target(name)?;
                }
                (editor, last.saturating_add(1))
            }
        };
        for path in list(new_targets)? {
            editor.add_target_path(&path).await?;
        }
        let now = Timestamp::now();
        let (fresh, valid) = (whole(now + signers.fresh), whole(now + signers.valid));
        editor.targets_version(version)?;
        editor.targets_expires(valid)?;
        editor.snapshot_version(version).snapshot_expires(fresh);
        editor.timestamp_version(version).timestamp_expires(fresh);
        let signed = editor
            .sign(&root::sources(&signers.keys))
            .await
            .context("failed to sign; hint: give the keys of all roles with --key")?;
        files::create_dir_all(&self.targets())?;
        signed
            .copy_targets(new_targets, self.targets(), PathExists::Skip)
            .await?;
        // The timestamp names all others, and is written last.
        signed.write(self.metadata()).await?;
        Ok(())
    }

    /// Who publishes has to be able to read, and refresh, what has expired.
    async fn load(&self, expirations: ExpirationEnforcement) -> Result<tough::Repository> {
        let root = files::read(&self.root())?;
        RepositoryLoader::new(&root, url(&self.metadata())?, url(&self.targets())?)
            .transport(FilesystemTransport)
            .expiration_enforcement(expirations)
            .load()
            .await
            .with_context(|| format!("{} is no good repository", self.folder.display()))
    }
}

async fn manifest_of(repository: &tough::Repository) -> Result<Manifest> {
    let name = TargetName::new(MANIFEST)?;
    let stream = repository.read_target(&name).await?;
    let stream = stream.with_context(|| format!("the repository has no {MANIFEST}"))?;
    Ok(Manifest::parse(&stream.into_vec().await?)?)
}

/// All targets that a manifest names, and itself.
fn names(manifest: &Manifest) -> Vec<String> {
    let mut names = vec![MANIFEST.to_owned()];
    for update in &manifest.updates {
        let images = &update.images;
        names.extend([&images.boot, &images.root, &images.hash].map(Clone::clone));
    }
    let archs: BTreeSet<&String> = manifest.updates.iter().map(|u| &u.arch).collect();
    for name in manifest.migrations.values().flatten() {
        names.extend(
            archs
                .iter()
                .map(|arch| Manifest::migration_target(name, arch)),
        );
    }
    names
}

fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in files::at("list", folder, std::fs::read_dir(folder))? {
        paths.push(files::at("list", folder, entry)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn url(folder: &Path) -> Result<Url> {
    let path = files::at("resolve", folder, std::path::absolute(folder))?;
    match Url::from_directory_path(&path) {
        Ok(url) => Ok(url),
        Err(()) => bail!("{} cannot be written as a URL", path.display()),
    }
}

/// Whole seconds: other clients of the specification read no fractions.
pub(crate) fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
