//! A folder as the entries of a layer.

use std::fs::{self, File, Metadata};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tar::{Builder, EntryType, Header};

use crate::Error;

/// Appends what is in a folder, in the order of names. All of it belongs to root.
pub(crate) fn append<W: Write>(
    archive: &mut Builder<W>,
    root: &Path,
    epoch: u64,
) -> Result<(), Error> {
    folder(archive, root, Path::new(""), epoch)
}

fn folder<W: Write>(
    archive: &mut Builder<W>,
    root: &Path,
    relative: &Path,
    epoch: u64,
) -> Result<(), Error> {
    let path = root.join(relative);
    let mut names = Vec::new();
    for entry in files::at("list", &path, fs::read_dir(&path))? {
        names.push(files::at("list", &path, entry)?.file_name());
    }
    names.sort();
    for name in names {
        let relative = relative.join(name);
        let path = root.join(&relative);
        let metadata = files::at("examine", &path, fs::symlink_metadata(&path))?;
        entry(archive, &path, &relative, &metadata, epoch)?;
        if metadata.is_dir() {
            folder(archive, root, &relative, epoch)?;
        }
    }
    Ok(())
}

fn entry<W: Write>(
    archive: &mut Builder<W>,
    path: &Path,
    relative: &Path,
    metadata: &Metadata,
    epoch: u64,
) -> Result<(), Error> {
    let mode = metadata.permissions().mode() & 0o7777;
    let appended = if metadata.is_dir() {
        let mut header = header(EntryType::Directory, mode, epoch);
        archive.append_data(&mut header, relative, std::io::empty())
    } else if metadata.is_symlink() {
        let target = files::at("read", path, fs::read_link(path))?;
        let mut header = header(EntryType::Symlink, 0o777, epoch);
        archive.append_link(&mut header, relative, target)
    } else if metadata.is_file() {
        let mut header = header(EntryType::Regular, mode, epoch);
        header.set_size(metadata.len());
        let file = files::at("read", path, File::open(path))?;
        archive.append_data(&mut header, relative, file)
    } else {
        return Err(Error::Kind(path.to_owned()));
    };
    Ok(files::at("pack", path, appended)?)
}

/// The header of an entry without content.
pub(crate) fn header(kind: EntryType, mode: u32, epoch: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(epoch);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn files_folders_and_links_are_packed_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        let long = "x".repeat(150);
        fs::create_dir_all(root.path().join("b").join(&long)).unwrap();
        fs::write(root.path().join("b").join(&long).join("file"), "text").unwrap();
        std::os::unix::fs::symlink(&long, root.path().join("a")).unwrap();
        let mode = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(root.path().join("b"), mode).unwrap();
        let mut archive = Builder::new(Vec::new());
        append(&mut archive, root.path(), 7).unwrap();
        let bytes = archive.into_inner().unwrap();
        let mut found = Vec::new();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.mtime().unwrap(), header.uid().unwrap()), (7, 0));
            found.push((
                entry.path().unwrap().to_string_lossy().into_owned(),
                header.mode().unwrap(),
            ));
        }
        assert_eq!(found[0], ("a".to_owned(), 0o777));
        assert_eq!(found[1], ("b".to_owned(), 0o1777));
        assert_eq!(found[3].0, format!("b/{long}/file"));
        let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
        let again = append(&mut Builder::new(Vec::new()), root.path(), 7);
        assert!(matches!(again, Err(Error::Kind(_))));
    }
}
