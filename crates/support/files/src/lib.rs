//! File access whose errors name the path, and durable atomic replacement.
//!
//! A file written here is either the old one or the new one, whole, whatever
//! moment the power fails at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An I/O error with what was being done, and to which file.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} {}: {source}", path.display())]
pub struct Error {
    /// The verb: `read`, `write`, `rename`, ...
    pub action: &'static str,
    /// The file or folder concerned.
    pub path: PathBuf,
    /// What the operating system answered.
    pub source: io::Error,
}

impl Error {
    /// Whether the file does not exist.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

/// The result of an operation on a file.
pub type Result<T> = std::result::Result<T, Error>;

/// Gives an I/O result the action and path it belongs to.
pub fn at<T>(action: &'static str, path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|source| Error {
        action,
        path: path.to_owned(),
        source,
    })
}

/// Reads a whole file.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    at("read", path, fs::read(path))
}

/// Reads a whole file as UTF-8.
pub fn read_to_string(path: &Path) -> Result<String> {
    at("read", path, fs::read_to_string(path))
}

/// Reads a file that may be anything: no more than `limit` bytes, and one more
/// if there are more, so that the caller sees it; and only a regular file, as
/// a pipe would be waited for without end.
pub fn read_limited(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let regular = fs::metadata(path).and_then(|metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file")),
    });
    at("read", path, regular)?;
    let mut bytes = Vec::new();
    let read =
        File::open(path).and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes));
    at("read", path, read)?;
    Ok(bytes)
}

/// Creates a folder and those above it.
pub fn create_dir_all(path: &Path) -> Result<()> {
    at("create", path, fs::create_dir_all(path))
}

/// Writes a file in place: for build outputs, where a torn file is built again.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<()> {
    at("write", path, fs::write(path, contents))
}

/// Replaces a file durably: temporary name in the same folder, `fsync`,
/// rename, `fsync` of the folder. `mode` holds the permission bits.
pub fn replace(path: &Path, contents: &[u8], mode: u32) -> Result<()> {
    let folder = folder_of(path);
    let temporary = temporary_name(path);
    let written = write_synced(&temporary, contents, mode)
        .and_then(|()| at("rename", path, fs::rename(&temporary, path)));
    if written.is_err() {
        // The error that matters is the first one; a leftover is harmless,
        // because the next replacement truncates it.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    sync_dir(folder)
}

/// Replaces a file as [`replace`] does, but only where content or permission
/// bits differ. Returns whether it wrote.
pub fn replace_if_changed(path: &Path, contents: &[u8], mode: u32) -> Result<bool> {
    if holds(path, contents, mode)? {
        return Ok(false);
    }
    replace(path, contents, mode)?;
    Ok(true)
}

/// Makes a symbolic link point at `target`, durably, in place of any link that
/// is there: there is always either the old link or the new one.
pub fn replace_link(link: &Path, target: &Path) -> Result<()> {
    let temporary = temporary_name(link);
    match fs::remove_file(&temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => at("remove", &temporary, Err(e))?,
        _ => {}
    }
    at(
        "create",
        &temporary,
        std::os::unix::fs::symlink(target, &temporary),
    )?;
    at("rename", link, fs::rename(&temporary, link))?;
    sync_dir(folder_of(link))
}

/// Makes renames and removals in a folder durable.
pub fn sync_dir(folder: &Path) -> Result<()> {
    at(
        "sync",
        folder,
        File::open(folder).and_then(|f| f.sync_all()),
    )
}

/// The folder a file is in; a bare name is in the current one.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    }
}

fn holds(path: &Path, contents: &[u8], mode: u32) -> Result<bool> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return at("examine", path, Err(e)),
    };
    Ok(metadata.len() == contents.len() as u64
        && metadata.permissions().mode() & 0o7777 == mode
        && read(path)? == contents)
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Writes a file in place and durably: for file systems where that is not the
/// last step, as with what is renamed later.
pub fn write_synced(path: &Path, contents: &[u8], mode: u32) -> Result<()> {
    let mut file = at(
        "create",
        path,
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(path),
    )?;
    // The mode given at creation is subject to the umask.
    at(
        "set the mode of",
        path,
        file.set_permissions(fs::Permissions::from_mode(mode)),
    )?;
    at("write", path, file.write_all(contents))?;
    at("sync", path, file.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replace_writes_content_and_mode_and_leaves_no_temporary() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("motd");
        for (contents, mode) in [("one", 0o644), ("two, longer", 0o600)] {
            replace(&path, contents.as_bytes(), mode).unwrap();
            assert_eq!(read_to_string(&path).unwrap(), contents);
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn replace_if_changed_writes_only_on_a_difference() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("motd");
        assert!(replace_if_changed(&path, b"a", 0o644).unwrap());
        assert!(!replace_if_changed(&path, b"a", 0o644).unwrap());
        assert!(replace_if_changed(&path, b"a", 0o600).unwrap());
        assert!(replace_if_changed(&path, b"b", 0o600).unwrap());
    }

    #[test]
    fn links_are_made_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("current");
        // As a replacement that was cut short leaves it.
        std::os::unix::fs::symlink("x", folder.path().join(".current.new")).unwrap();
        for target in ["1.0.0", "1.1.0"] {
            replace_link(&link, Path::new(target)).unwrap();
            assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn reading_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("user-data");
        write(&path, "12345").unwrap();
        for (limit, found) in [(6, "12345"), (5, "12345"), (4, "12345"), (3, "1234")] {
            assert_eq!(read_limited(&path, limit).unwrap(), found.as_bytes());
        }
        let error = read_limited(folder.path(), 5).unwrap_err();
        assert!(error.to_string().ends_with("it is not a regular file"));
        assert!(
            read_limited(&folder.path().join("x"), 5)
                .unwrap_err()
                .is_not_found()
        );
    }

    #[test]
    fn a_bare_name_is_in_the_current_folder() {
        for (path, folder) in [("motd", "."), ("/motd", "/"), ("a/motd", "a"), ("/", "/")] {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder));
        }
    }

    #[test]
    fn errors_name_the_path() {
        let error = read(Path::new("/nonexistent/file")).unwrap_err();
        assert!(error.is_not_found());
        assert!(
            error
                .to_string()
                .starts_with("failed to read /nonexistent/file: ")
        );
    }
}
