//! The folder of a version, and how settings come into it from the version
//! before.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::{disk, generation, name, pending};

/// Takes the store for this process, until the file is closed.
pub(crate) fn lock(base: &Path) -> Result<File, Error> {
    disk::create_dir(base)?;
    let path = base.join(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path);
    let file = files::at("open", &path, file)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(Error::InUse(base.to_owned())),
        Err(fs::TryLockError::Error(e)) => Ok(files::at("lock", &path, Err(e))?),
    }
}

/// The folder of a version. If there is none yet, it is made, with the newest
/// settings of the version that was current.
pub(crate) fn prepare(
    base: &Path,
    version: &str,
    warnings: &mut Vec<String>,
) -> Result<PathBuf, Error> {
    name::check(version).map_err(Error::Version)?;
    let folder = base.join(version);
    if !folder.is_dir() {
        let from = current(base, warnings)?;
        create(base, version, |unfinished| match from {
            Some(from) => carry_over(&from, unfinished, warnings),
            None => Ok(()),
        })?;
    }
    // It may have been removed by hand.
    disk::create_dir(&pending::folder(&folder))?;
    remove_leftovers(&folder, warnings)?;
    remove_leftovers(&pending::folder(&folder), warnings)?;
    Ok(folder)
}

/// Makes the folder of a version, which is whole as soon as it has its name.
pub(crate) fn create(
    base: &Path,
    version: &str,
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<(), Error> {
    let unfinished = base.join(format!(".{version}.new"));
    disk::remove_dir(&unfinished)?;
    disk::create_dir(&pending::folder(&unfinished))?;
    fill(&unfinished)?;
    Ok(disk::rename_dir(&unfinished, &base.join(version))?)
}

/// Says which version opened the store last.
pub(crate) fn make_current(base: &Path, version: &str) -> Result<(), Error> {
    let link = base.join("current");
    if fs::read_link(&link).is_ok_and(|target| target == Path::new(version)) {
        return Ok(());
    }
    Ok(disk::replace_link(&link, version)?)
}

/// The folder of the version that opened the store last.
pub(crate) fn current(base: &Path, warnings: &mut Vec<String>) -> Result<Option<PathBuf>, Error> {
    let link = base.join("current");
    let target = match fs::read_link(&link) {
        Ok(target) => target,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Ok(files::at("read", &link, Err(e))?),
    };
    match target.to_str().map(name::check) {
        Some(Ok(())) => Ok(Some(base.join(target))),
        _ => {
            warnings.push(format!("{} does not name a version", link.display()));
            Ok(None)
        }
    }
}

/// Copies the newest good generation of one version's folder to another's, as
/// it is, and says so: it is migrated before ([`crate::migrate`]), unless that
/// failed. Open transactions stay behind: what they were checked
/// against is gone.
fn carry_over(from: &Path, to: &Path, warnings: &mut Vec<String>) -> Result<(), Error> {
    if let Some((generation, bytes)) = generation::newest(from, warnings)? {
        disk::replace(&generation::path(to, generation.number), &bytes)?;
        warnings.push(format!(
            "the settings in {} were carried over as they are: they were not migrated",
            from.display()
        ));
    }
    Ok(())
}

/// Removes what replacements that were cut short have left behind. It only
/// takes up room, so failing is only worth a warning.
fn remove_leftovers(folder: &Path, warnings: &mut Vec<String>) -> Result<(), Error> {
    for name in disk::names(folder)? {
        if name.as_encoded_bytes().starts_with(b".")
            && let Err(e) = disk::remove(&folder.join(name))
        {
            warnings.push(e.to_string());
        }
    }
    Ok(())
}
