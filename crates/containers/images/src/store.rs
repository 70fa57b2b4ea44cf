//! What is kept.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use oci_client::Reference;
use oci_spec::image::ImageConfiguration;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use rustix::fs::{FlockOperation, flock, syncfs};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Error;

/// What a file's name has as it is.
const AS_IT_IS: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b':')
    .remove(b'@');
/// What is not finished has a name that no layer has.
const UNFINISHED: &str = "new-";

/// A folder of images.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// An image that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Image {
    /// The name that it was asked for.
    pub name: String,
    /// Digest of its manifest.
    pub digest: String,
    /// Fingerprint of the key whose signature it has, if it had to have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// What it says about running it.
    pub config: ImageConfiguration,
    /// Its layers, the lowest first: the names of their folders in the store.
    pub layers: Vec<String>,
}

/// Keeps what there is from being cleaned up.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Keeps everybody else out.
#[derive(Debug)]
pub struct Alone {
    _lock: Lock,
}

impl Store {
    /// The store in a folder, which is made where it is missing.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let store = Self {
            folder: folder.to_owned(),
        };
        files::create_dir_all(&store.images())?;
        files::create_dir_all(&store.layers())?;
        // Programs of images, some of them setuid, are not for others of the node.
        let alone = fs::set_permissions(folder, Permissions::from_mode(0o700));
        files::at("change", folder, alone)?;
        Ok(store)
    }

    fn images(&self) -> PathBuf {
        self.folder.join("images")
    }

    fn layers(&self) -> PathBuf {
        self.folder.join("layers")
    }

    /// Where a layer is, or would be.
    pub fn layer(&self, name: &str) -> PathBuf {
        self.layers().join(name)
    }

    pub(crate) fn has_layer(&self, name: &str) -> bool {
        self.layer(name).is_dir()
    }

    /// Keeps others from cleaning up, until it is dropped.
    ///
    /// # Errors
    ///
    /// If there is no lock to be had.
    pub fn lock(&self) -> Result<Lock, Error> {
        self.lock_file("lock", FlockOperation::LockShared)
    }

    fn lock_file(&self, name: &str, how: FlockOperation) -> Result<Lock, Error> {
        let path = self.folder.join(name);
        let options = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = files::at("open", &path, options)?;
        files::at("lock", &path, flock(&file, how).map_err(Into::into))?;
        Ok(Lock { _file: file })
    }

    /// An image by its name, if all of it is there.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn image(&self, name: &Reference) -> Result<Option<Image>, Error> {
        let image = self.read(&self.record(&name.whole()))?;
        Ok(image.filter(|image| image.layers.iter().all(|layer| self.has_layer(layer))))
    }

    /// All images.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn list(&self) -> Result<Vec<Image>, Error> {
        let mut images = Vec::new();
        for path in list(&self.images())? {
            images.extend(self.read(&path)?);
        }
        images.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(images)
    }

    /// Waits until nobody pulls, and keeps others from it, until it is dropped.
    ///
    /// # Errors
    ///
    /// If there is no lock to be had.
    pub fn lock_alone(&self) -> Result<Alone, Error> {
        let lock = self.lock_file("lock", FlockOperation::LockExclusive)?;
        Ok(Alone { _lock: lock })
    }

    /// Takes away all images but those with these names, and all layers that none
    /// of them needs. Which are in use is to be found out under the lock.
    ///
    /// # Errors
    ///
    /// If something cannot be removed.
    pub fn clean_up(&self, _alone: &Alone, keep: &[Reference]) -> Result<(), Error> {
        let keep: BTreeSet<String> = keep.iter().map(Reference::whole).collect();
        let mut needed = BTreeSet::new();
        for path in list(&self.images())? {
            match self.read(&path)? {
                Some(image) if keep.contains(&image.name) => needed.extend(image.layers),
                _ => files::at("remove", &path, fs::remove_file(&path))?,
            }
        }
        for path in list(&self.layers())? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if !needed.contains(&*name) {
                files::at("remove", &path, fs::remove_dir_all(&path))?;
            }
        }
        Ok(())
    }

    /// A folder for a layer that is on its way.
    pub(crate) fn begin_layer(&self) -> Result<TempDir, Error> {
        let made = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o755))
            .prefix(UNFINISHED)
            .tempdir_in(self.layers());
        Ok(files::at("make a folder in", &self.layers(), made)?)
    }

    /// Keeps layers that are whole, and the image that consists of them. The name
    /// comes last: before, nothing has happened.
    pub(crate) fn keep(&self, image: &Image, new: Vec<(String, TempDir)>) -> Result<(), Error> {
        // Two may have fetched the same.
        let _alone = self.lock_file("writing", FlockOperation::LockExclusive)?;
        let folder = self.layers();
        let open = || files::at("open", &folder, File::open(&folder));
        let sync = |file: &File| files::at("write", &folder, syncfs(file).map_err(Into::into));
        sync(&open()?)?;
        for (name, layer) in new {
            let to = self.layer(&name);
            let renamed = fs::rename(layer.path(), &to);
            // If somebody else was quicker, it is the same.
            if renamed.is_ok() || !to.is_dir() {
                files::at("make", &to, renamed)?;
                // There is no folder to remove any more.
                drop(layer.keep());
            }
        }
        sync(&open()?)?;
        let text = serde_json::to_vec(image).map_err(|e| Error::Damaged(e.to_string()))?;
        Ok(files::replace(&self.record(&image.name), &text, 0o600)?)
    }

    fn record(&self, name: &str) -> PathBuf {
        let name = utf8_percent_encode(name, AS_IT_IS);
        self.images().join(format!("{name}.json"))
    }

    /// A record; one that is damaged is none, as it can be had again.
    fn read(&self, path: &Path) -> Result<Option<Image>, Error> {
        match files::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for entry in files::at("list", folder, fs::read_dir(folder))? {
        paths.push(files::at("list", folder, entry)?.path());
    }
    Ok(paths)
}
