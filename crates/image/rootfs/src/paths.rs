//! Paths below a root folder.

use crate::Error;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Folders at the top that are links into `usr`.
pub(crate) const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// `lib/x` and `lib64/x` lie below `usr`.
pub(crate) fn below_usr(path: &Path) -> PathBuf {
    if path.starts_with("usr") {
        path.to_owned()
    } else {
        Path::new("usr").join(path)
    }
}

/// Resolves `..` by the text alone.
pub(crate) fn normalise(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(clean.pop()),
            part => clean.push(part),
        }
    }
    clean
}

/// All regular files below a folder, in name order.
pub(crate) fn regular_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in files::at("list", &folder, fs::read_dir(&folder))? {
            let entry = files::at("list", &folder, entry)?;
            let kind = files::at("examine", &entry.path(), entry.file_type())?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_merged() {
        let table = [
            ("usr/lib64/../lib/ld.so", "usr/lib/ld.so"),
            ("/a/b/../../c", "/c"),
            ("a/./b", "a/b"),
        ];
        for (path, expected) in table {
            assert_eq!(normalise(Path::new(path)), Path::new(expected));
        }
        assert_eq!(
            below_usr(Path::new("lib/ld.so")),
            Path::new("usr/lib/ld.so")
        );
        assert_eq!(
            below_usr(Path::new("usr/lib/ld.so")),
            Path::new("usr/lib/ld.so")
        );
    }
}
