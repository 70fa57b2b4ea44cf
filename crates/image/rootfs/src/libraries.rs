//! Completing the root with the libraries its programs need.

use crate::paths::{below_usr, normalise, regular_files};
use crate::{Error, copy, elf};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where libraries lie, besides Debian's multi-arch folders. systemd's programs
/// share a private one.
const FOLDERS: [&str; 3] = ["usr/lib64", "usr/lib", "usr/lib/systemd"];

/// Copies every library that an ELF file of the root asks for, that those ask
/// for in turn, and the `extra` ones, from the packages into the root.
pub(crate) fn complete<'a>(
    packages: &Path,
    root: &Path,
    extra: impl Iterator<Item = &'a String>,
) -> Result<(), Error> {
    let folders = library_folders(packages)?;
    let mut waiting: Vec<(String, PathBuf)> = extra
        .map(|library| (library.clone(), PathBuf::from("the software set's list")))
        .collect();
    for file in regular_files(root)? {
        waiting.extend(needs(&file, root)?);
    }
    let mut seen = BTreeSet::new();
    while let Some((library, needed_by)) = waiting.pop() {
        if !seen.insert(library.clone()) {
            continue;
        }
        let Some(place) = find(&folders, packages, &library) else {
            return Err(Error::NoSuchLibrary { library, needed_by });
        };
        for part in chain(packages, &place)? {
            copy::file_or_tree(&packages.join(&part), &root.join(&part))?;
            if !root.join(&part).is_symlink() {
                waiting.extend(needs(&root.join(&part), root)?);
            }
        }
    }
    Ok(())
}

/// What an ELF file asks for: libraries by name, its loader by path.
fn needs(file: &Path, root: &Path) -> Result<Vec<(String, PathBuf)>, Error> {
    let Some(facts) = elf::read(file)? else {
        return Ok(Vec::new());
    };
    let by = file.strip_prefix(root).unwrap_or(file).to_owned();
    Ok(facts
        .libraries
        .iter()
        .cloned()
        .chain(facts.interpreter.iter().cloned())
        .map(|library| (library, by.clone()))
        .collect())
}

fn library_folders(packages: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut folders = Vec::new();
    let lib = packages.join("usr/lib");
    for entry in files::at("list", &lib, fs::read_dir(&lib))? {
        let entry = files::at("list", &lib, entry)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with("-linux-gnu") {
            folders.push(PathBuf::from("usr/lib").join(&name));
            folders.push(PathBuf::from("usr/lib").join(&name).join("systemd"));
        }
    }
    folders.sort();
    folders.extend(FOLDERS.map(PathBuf::from));
    Ok(folders)
}

fn find(folders: &[PathBuf], packages: &Path, library: &str) -> Option<PathBuf> {
    if let Some(path) = library.strip_prefix('/') {
        let path = below_usr(Path::new(path));
        // What an absolute link leads to on this machine says nothing.
        let present = packages.join(&path).symlink_metadata().is_ok();
        return present.then_some(path);
    }
    folders
        .iter()
        .map(|f| f.join(library))
        .find(|p| packages.join(p).symlink_metadata().is_ok())
}

/// A file and, if it is a link, what it points to, link by link.
fn chain(packages: &Path, place: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut parts = vec![place.to_owned()];
    let mut current = place.to_owned();
    while packages.join(&current).is_symlink() {
        let full = packages.join(&current);
        let target = files::at("read", &full, fs::read_link(&full))?;
        current = match target.strip_prefix("/") {
            Ok(absolute) => below_usr(absolute),
            Err(_) => normalise(&current.parent().unwrap_or(Path::new("")).join(target)),
        };
        if parts.contains(&current) {
            break;
        }
        parts.push(current.clone());
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_without_multiarch_folders() {
        let work = tempfile::tempdir().unwrap();
        let table = [
            ("libc.so.6", "usr/lib/libc.so.6"),
            (
                "libsystemd-shared-259.so",
                "usr/lib/systemd/libsystemd-shared-259.so",
            ),
            ("/lib/ld-linux-x86-64.so.2", "usr/lib/ld-linux-x86-64.so.2"),
            (
                "/usr/lib/ld-linux-aarch64.so.1",
                "usr/lib/ld-linux-aarch64.so.1",
            ),
        ];
        fs::create_dir_all(work.path().join("usr/lib/systemd")).unwrap();
        for (_, place) in table {
            fs::write(work.path().join(place), "").unwrap();
        }
        let folders = library_folders(work.path()).unwrap();
        for (library, place) in table {
            let found = find(&folders, work.path(), library);
            assert_eq!(found.as_deref(), Some(Path::new(place)), "{library}");
        }
    }

    #[test]
    fn links_to_libraries_are_followed_and_kept() {
        let work = tempfile::tempdir().unwrap();
        let lib = work.path().join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&lib).unwrap();
        fs::write(lib.join("libz.so.1.3"), "").unwrap();
        std::os::unix::fs::symlink("libz.so.1.3", lib.join("libz.so.1")).unwrap();
        fs::create_dir_all(work.path().join("usr/lib64")).unwrap();
        fs::write(work.path().join("usr/lib64/ld.so.2"), "").unwrap();
        let folders = library_folders(work.path()).unwrap();
        let loader = find(&folders, work.path(), "/lib64/ld.so.2").unwrap();
        assert_eq!(loader, Path::new("usr/lib64/ld.so.2"));
        let place = find(&folders, work.path(), "libz.so.1").unwrap();
        let chain = chain(work.path(), &place).unwrap();
        let names: Vec<_> = chain
            .iter()
            .map(|p| p.file_name().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["libz.so.1", "libz.so.1.3"]);
        assert!(find(&folders, work.path(), "liby.so").is_none());
    }
}
