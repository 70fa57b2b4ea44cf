//! A folder that no path leads out of.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    self, AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2,
    statat, unlinkat,
};
use rustix::io::Errno;

use crate::Error;

/// Absolute links mean the layer's root, `/proc` nothing.
const INSIDE: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_MAGICLINKS);
const IMPLIED_FOLDER: u32 = 0o755;

/// The folder.
#[derive(Debug)]
pub(crate) struct Confined {
    root: OwnedFd,
    /// Folders that were made because something is in them.
    implied: RefCell<BTreeSet<PathBuf>>,
}

/// Where an entry goes: a name in a folder.
#[derive(Debug)]
pub(crate) struct Place {
    folder: OwnedFd,
    pub(crate) name: OsString,
    /// The path in the layer, for messages.
    pub(crate) path: PathBuf,
}

impl Confined {
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root =
            openat(CWD, root, flags, Mode::empty()).map_err(|errno| failed("open", root, errno))?;
        Ok(Self {
            root,
            implied: RefCell::default(),
        })
    }

    pub(crate) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Folders that no entry was about.
    pub(crate) fn into_implied(self) -> BTreeSet<PathBuf> {
        self.implied.into_inner()
    }

    /// An entry is about this folder.
    pub(crate) fn mentioned(&self, path: &Path) {
        self.implied.borrow_mut().remove(path);
    }

    /// What has a path, if it is there, without making anything.
    pub(crate) fn find(&self, path: &Path) -> Result<Option<Place>, Error> {
        let path = normal(path)?;
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            return Ok(None);
        };
        match self.resolve(path.parent().unwrap_or(Path::new(""))) {
            Ok(folder) => Ok(Some(Place { folder, name, path })),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(errno) => Err(failed("open", &path, errno)),
        }
    }

    /// Where the entry with a path goes; `None` if that is the root itself. Folders
    /// that the archive does not have are made.
    pub(crate) fn place(&self, path: &Path) -> Result<Option<Place>, Error> {
        let path = normal(path)?;
        let Some(name) = path.file_name().map(OsStr::to_owned) else {
            return Ok(None);
        };
        let folder = self.folder(path.parent().unwrap_or(Path::new("")))?;
        Ok(Some(Place { folder, name, path }))
    }

    /// A folder inside, made where it is missing.
    fn folder(&self, path: &Path) -> Result<OwnedFd, Error> {
        match self.resolve(path) {
            Err(Errno::NOENT) => {}
            Err(Errno::NOTDIR) => {
                return Err(refused(path, "it is below something that is no folder"));
            }
            other => return other.map_err(|errno| failed("open", path, errno)),
        }
        let parent = self.folder(path.parent().unwrap_or(Path::new("")))?;
        let name = path.file_name().unwrap_or_default();
        match mkdirat(&parent, name, Mode::from_raw_mode(IMPLIED_FOLDER)) {
            Ok(()) => {
                self.implied.borrow_mut().insert(path.to_owned());
            }
            Err(Errno::EXIST) => {
                return Err(refused(path, "it is a link to nowhere in this layer"));
            }
            Err(errno) => return Err(failed("make", path, errno)),
        }
        self.resolve(path)
            .map_err(|errno| failed("open", path, errno))
    }

    fn resolve(&self, path: &Path) -> Result<OwnedFd, Errno> {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        openat2(&self.root, path, flags, Mode::empty(), INSIDE)
    }
}

impl Place {
    pub(crate) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// The same place, with another name.
    pub(crate) fn named(&self, name: &OsStr) -> Result<Self, Error> {
        let folder = self.folder.try_clone().map_err(|source| Error::File {
            action: "open",
            path: self.path.clone(),
            source,
        })?;
        Ok(Self {
            folder,
            name: name.to_owned(),
            path: self.path.with_file_name(name),
        })
    }

    /// What is there, if anything is; links are not followed.
    pub(crate) fn kind(&self) -> Result<Option<FileType>, Error> {
        match statat(&self.folder, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.failed("examine", errno)),
        }
    }

    /// Takes away what an earlier entry put there.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        match self.kind()? {
            None => Ok(()),
            Some(FileType::Directory) => {
                remove_folder(&self.folder, &self.name).map_err(|e| self.failed("remove", e))
            }
            Some(_) => unlinkat(&self.folder, &self.name, AtFlags::empty())
                .map_err(|e| self.failed("remove", e)),
        }
    }

    pub(crate) fn failed(&self, action: &'static str, errno: Errno) -> Error {
        failed(action, &self.path, errno)
    }

    pub(crate) fn refused(&self, reason: &'static str) -> Error {
        refused(&self.path, reason)
    }
}

/// Only names: what does not say where it is in the layer is nowhere.
fn normal(path: &Path) -> Result<PathBuf, Error> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(refused(path, "its path goes up"));
            }
        }
    }
    Ok(normal)
}

fn remove_folder(parent: impl AsFd, name: &OsStr) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(&parent, name, flags, Mode::empty())?;
    let mut entries = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            entries.push(name);
        }
    }
    for entry in entries {
        use std::os::unix::ffi::OsStrExt;
        let entry = OsStr::from_bytes(entry.to_bytes());
        match unlinkat(&folder, entry, AtFlags::empty()) {
            Err(Errno::ISDIR) => remove_folder(&folder, entry)?,
            other => other?,
        }
    }
    fs::unlinkat(&parent, name, AtFlags::REMOVEDIR)
}

pub(crate) fn refused(path: &Path, reason: &'static str) -> Error {
    Error::Entry {
        path: path.to_owned(),
        reason,
    }
}

fn failed(action: &'static str, path: &Path, errno: Errno) -> Error {
    Error::File {
        action,
        path: path.to_owned(),
        source: io::Error::from(errno),
    }
}
