//! The repository, as tough (The Update Framework) has verified it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use futures_core::Stream;
use tough::{
    ExpirationEnforcement, FilesystemTransport, IntoVec, Limits, RepositoryLoader, TargetName,
};
use update_metadata::{Images, MANIFEST, Manifest};
use url::Url;

use crate::config::Config;
use crate::transport::{Fetcher, Pace};

/// Why a repository is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The root of trust, or the folder that remembers what was seen.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It cannot be reached, or is not what it has to be.
    #[error("the repository {url}: {source}")]
    Repository {
        /// Its metadata.
        url: String,
        /// What is wrong.
        source: Box<tough::error::Error>,
    },
    /// A target is missing.
    #[error("the repository {url} has no target {name}")]
    NoTarget {
        /// Its metadata.
        url: String,
        /// The target.
        name: String,
    },
    /// The manifest makes no sense.
    #[error("the repository {url}: {source}")]
    Manifest {
        /// Its metadata.
        url: String,
        /// What is wrong.
        source: update_metadata::Error,
    },
}

/// Fetches and verifies the metadata of a repository. `seen` is the folder that
/// remembers the newest.
///
/// # Errors
///
/// What tough says.
pub async fn load(
    pace: Pace,
    root: &[u8],
    metadata: Url,
    targets: Url,
    seen: &Path,
) -> Result<tough::Repository, tough::error::Error> {
    RepositoryLoader::new(&root, metadata, targets)
        .transport(Fetcher::new(pace))
        .limits(Limits::default())
        .datastore(seen)
        .expiration_enforcement(ExpirationEnforcement::Safe)
        .load()
        .await
}

/// A repository whose metadata is verified.
#[derive(Debug)]
pub struct Repository {
    url: String,
    verified: tough::Repository,
}

impl Repository {
    /// Fetches and verifies the metadata. `root` is what is trusted; `seen` is a
    /// folder that remembers the newest metadata, so that nobody can show an
    /// older one later.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn open(config: &Config, root: &Path, seen: &Path) -> Result<Self, Error> {
        Self::open_at(Pace::default(), config, root, seen).await
    }

    /// As [`Self::open`], from servers that are not slower than `pace`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn open_at(
        pace: Pace,
        config: &Config,
        root: &Path,
        seen: &Path,
    ) -> Result<Self, Error> {
        let root = files::read(root)?;
        files::create_dir_all(seen)?;
        let url = config.metadata_base_url.to_string();
        let (metadata, targets) = (&config.metadata_base_url, &config.targets_base_url);
        let known_time = seen.join("latest_known_time.json");
        let before = fs::read(&known_time).ok();
        let loaded = load(pace, &root, metadata.clone(), targets.clone(), seen).await;
        if loaded.is_err() {
            // A clock that was wrong once must not make the right one look wrong
            // from then on.
            match before {
                Some(time) => files::replace(&known_time, &time, 0o644)?,
                None => drop(fs::remove_file(&known_time)),
            }
        }
        Self::loaded(url, loaded)
    }

    /// Opens what [`Self::keep`] wrote to a folder. That it has expired since is
    /// no reason not to trust it: it was fresh when it was kept.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn open_kept(folder: &Path, root: &Path, seen: &Path) -> Result<Self, Error> {
        let root = files::read(root)?;
        files::create_dir_all(seen)?;
        let url = |part: &str| {
            let path = folder.join(part);
            Url::from_directory_path(&path).map_err(|()| files::Error {
                action: "resolve",
                path,
                source: std::io::ErrorKind::InvalidInput.into(),
            })
        };
        let (metadata, targets) = (url("metadata")?, url("targets")?);
        let loader = RepositoryLoader::new(&root, metadata.clone(), targets)
            .transport(FilesystemTransport)
            .datastore(seen)
            .expiration_enforcement(ExpirationEnforcement::Unsafe);
        Self::loaded(metadata.to_string(), loader.load().await)
    }

    fn loaded(
        url: String,
        loaded: Result<tough::Repository, tough::error::Error>,
    ) -> Result<Self, Error> {
        match loaded {
            Ok(verified) => Ok(Self { url, verified }),
            Err(source) => Err(Error::Repository {
                url,
                source: Box::new(source),
            }),
        }
    }

    /// Writes the metadata, the manifest and some targets to a folder.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn keep(&self, folder: &Path, targets: &BTreeSet<String>) -> Result<(), Error> {
        let names: Vec<&str> = std::iter::once(MANIFEST)
            .chain(targets.iter().map(String::as_str))
            .collect();
        let (metadata, kept) = (folder.join("metadata"), folder.join("targets"));
        let caching = self.verified.cache(metadata, kept, Some(&names), true);
        caching.await.map_err(|source| self.error(source))
    }

    /// A small target, as a whole.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.stream(name).await?.into_vec().await;
        bytes.map_err(|source| self.error(source))
    }

    /// What it offers.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn manifest(&self) -> Result<Manifest, Error> {
        let bytes = self.read(MANIFEST).await?;
        Manifest::parse(&bytes).map_err(|source| Error::Manifest {
            url: self.url.clone(),
            source,
        })
    }

    /// The bytes of a target. They are verified when the stream has come to its
    /// end, and not before.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn stream(
        &self,
        name: &str,
    ) -> Result<
        impl Stream<Item = Result<Bytes, tough::error::Error>>
        + IntoVec<tough::error::Error>
        + Send
        + Sync
        + use<>,
        Error,
    > {
        let target = TargetName::new(name).map_err(|_| self.no_target(name))?;
        let stream = self.verified.read_target(&target).await;
        let stream = stream.map_err(|source| self.error(source))?;
        stream.ok_or_else(|| self.no_target(name))
    }

    /// The bytes of all parts of a version, as they are sent.
    ///
    /// # Errors
    ///
    /// If one is missing.
    pub fn length(&self, images: &Images) -> Result<u64, Error> {
        let mut total = 0;
        for name in [&images.boot, &images.root, &images.hash] {
            let found = TargetName::new(name).ok().and_then(|target| {
                let targets = &self.verified.targets().signed;
                targets.find_target(&target, false).ok()
            });
            total += found.ok_or_else(|| self.no_target(name))?.length;
        }
        Ok(total)
    }

    fn no_target(&self, name: &str) -> Error {
        Error::NoTarget {
            url: self.url.clone(),
            name: name.to_owned(),
        }
    }

    fn error(&self, source: tough::error::Error) -> Error {
        Error::Repository {
            url: self.url.clone(),
            source: Box::new(source),
        }
    }
}
