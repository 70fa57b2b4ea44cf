//! The source tree and where things lie in it.

use anyhow::{Context, Result, bail};
use disk::Architecture;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// A checkout of the source tree.
#[derive(Debug)]
pub(crate) struct Source {
    root: PathBuf,
    cache: PathBuf,
}

impl Source {
    /// The given tree, or the one around the current folder. `cache` is kept
    /// elsewhere than below the tree, if given.
    pub(crate) fn find(given: Option<&Path>, cache: Option<&Path>) -> Result<Source> {
        let start = match given {
            Some(folder) => std::path::absolute(folder)?,
            None => std::env::current_dir().context("failed to find the current folder")?,
        };
        let found = start.ancestors().find(|f| f.join("conf/variants").is_dir());
        match found {
            Some(root) if given.is_none() || root == start => Ok(Source {
                root: root.to_owned(),
                // Programs run in other folders than this one.
                cache: match cache {
                    Some(folder) => std::path::absolute(folder)?,
                    None => root.join("build/cache"),
                },
            }),
            _ => bail!(
                "{} is not in a source tree (no conf/variants)\nhint: run it in a checkout, or give --source",
                start.display()
            ),
        }
    }

    /// The top of the tree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The definition of the operating system.
    pub(crate) fn conf(&self) -> PathBuf {
        self.root.join("conf")
    }

    /// Everything that is built.
    pub(crate) fn build(&self) -> PathBuf {
        self.root.join("build")
    }

    /// Waits until no other process makes an image here, and keeps others waiting as long
    /// as the answer lives: trees of packages, programs and containers are shared.
    pub(crate) fn lock(&self) -> Result<File> {
        files::create_dir_all(&self.build())?;
        let path = self.build().join("image-builder.lock");
        let lock = files::at("make", &path, File::create(&path))?;
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            eprintln!("==> waiting for another image-builder");
            files::at("lock", &path, lock.lock())?;
        }
        Ok(lock)
    }

    /// What is kept between builds, by architecture.
    pub(crate) fn cache(&self, architecture: Architecture) -> PathBuf {
        self.cache.join(architecture.name())
    }
}

/// The architecture of this machine, which the tools must be for.
pub(crate) fn host_architecture() -> Result<Architecture> {
    std::env::consts::ARCH
        .parse()
        .map_err(anyhow::Error::msg)
        .context("there are no tools for this machine")
}
