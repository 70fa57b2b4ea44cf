//! Every change the store makes to the disk, one function each. What a
//! function has done when it returns survives a power failure, unless its name
//! says otherwise.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use files::{Result, at};

/// Replaces a document.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    step(path, || files::replace(path, bytes, 0o600))
}

/// Removes a document; it is fine if there is none.
pub(crate) fn remove(path: &Path) -> Result<()> {
    step(path, || match unlink(path)? {
        true => files::sync_dir(path.parent().unwrap_or(Path::new("/"))),
        false => Ok(()),
    })
}

/// Removes a document that does no harm if power fails and it is back.
pub(crate) fn remove_eventually(path: &Path) -> Result<()> {
    step(path, || unlink(path).map(drop))
}

/// Returns whether there was one.
fn unlink(path: &Path) -> Result<bool> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        result => at("remove", path, result).map(|()| true),
    }
}

/// Whether there is a document; one that cannot be looked for may be there.
pub(crate) fn exists(path: &Path) -> bool {
    path.try_exists().unwrap_or(true)
}

/// Creates a folder for the store's own eyes, and those above it.
pub(crate) fn create_dir(path: &Path) -> Result<()> {
    step(path, || {
        let created = DirBuilder::new().recursive(true).mode(0o700).create(path);
        at("create", path, created)
    })
}

/// Removes a folder and what is in it; it is fine if there is none.
pub(crate) fn remove_dir(path: &Path) -> Result<()> {
    step(path, || match fs::remove_dir_all(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        result => at("remove", path, result),
    })
}

/// Gives a folder its final name.
pub(crate) fn rename_dir(from: &Path, to: &Path) -> Result<()> {
    step(to, || {
        at("rename", from, fs::rename(from, to))?;
        files::sync_dir(to.parent().unwrap_or(Path::new("/")))
    })
}

/// Points a link somewhere else.
pub(crate) fn replace_link(link: &Path, target: &str) -> Result<()> {
    step(link, || files::replace_link(link, Path::new(target)))
}

/// The names in a folder, in no order; none if there is no such folder.
pub(crate) fn names(folder: &Path) -> Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => at("read", folder, entries)?
            .map(|entry| Ok(at("read", folder, entry)?.file_name()))
            .collect(),
    }
}

#[cfg(not(test))]
fn step(_: &Path, work: impl FnOnce() -> Result<()>) -> Result<()> {
    work()
}

#[cfg(test)]
use crate::fault::step;
