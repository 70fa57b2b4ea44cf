//! Which package each file of a tree is from.

use crate::{Error, Pin};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The record, at the top of a tree.
const NAME: &str = ".contents.json";

/// The packages that a tree is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Contents {
    /// The packages by name.
    pub packages: BTreeMap<String, Unpacked>,
}

/// A package of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    /// Its version and content.
    #[serde(flatten)]
    pub pin: Pin,
    /// Its files and links, relative to the tree.
    pub files: Vec<String>,
}

impl Contents {
    /// Whether a tree is there, with its record.
    pub fn are_known(tree: &Path) -> bool {
        tree.join(NAME).exists()
    }

    /// Those of a tree.
    ///
    /// # Errors
    ///
    /// If it has no record.
    pub fn read(tree: &Path) -> Result<Contents, Error> {
        let path = tree.join(NAME);
        serde_json::from_slice(&files::read(&path)?).map_err(|e| Error::Contents {
            path,
            reason: e.to_string(),
        })
    }

    pub(crate) fn write(&self, tree: &Path) -> Result<(), Error> {
        let json = serde_json::to_vec(self).expect("names are plain data");
        Ok(files::write(&tree.join(NAME), json)?)
    }

    /// The package of each file, by its path relative to the tree.
    pub fn owners(&self) -> BTreeMap<&str, &str> {
        let mut owners = BTreeMap::new();
        for (name, package) in &self.packages {
            owners.extend(package.files.iter().map(|file| (&**file, &**name)));
        }
        owners
    }
}

/// A path as tar names it, relative to the tree; none for a folder. `merged` are the
/// folders that are links into `/usr`.
pub(crate) fn relative(listed: &str, merged: &[&str]) -> Option<String> {
    let path = listed.trim_start_matches("./");
    if path.is_empty() || path.ends_with('/') {
        return None;
    }
    let first = path.split('/').next().unwrap_or_default();
    Some(match merged.contains(&first) {
        true => format!("usr/{path}"),
        false => path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_remembers_whose_its_files_are() {
        let tree = tempfile::tempdir().unwrap();
        assert!(!Contents::are_known(tree.path()));
        let unpacked = |files: &[&str]| Unpacked {
            pin: Pin {
                version: "1-2".to_owned(),
                sha256: "00".repeat(32),
            },
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        };
        let packages = [
            ("a", unpacked(&["usr/bin/a"])),
            ("b", unpacked(&["etc/b", "usr/lib/b"])),
        ];
        let contents = Contents {
            packages: packages.map(|(name, p)| (name.to_owned(), p)).into(),
        };
        contents.write(tree.path()).unwrap();
        let read = Contents::read(tree.path()).unwrap();
        assert_eq!(read, contents);
        assert_eq!(read.owners()["usr/lib/b"], "b");
    }

    #[test]
    fn paths_are_those_of_a_merged_tree() {
        for (listed, expected) in [
            ("./", None),
            ("./usr/", None),
            ("./usr/bin/a", Some("usr/bin/a")),
            (
                "./lib/x86_64-linux-gnu/libc.so.6",
                Some("usr/lib/x86_64-linux-gnu/libc.so.6"),
            ),
            ("./library/a", Some("library/a")),
        ] {
            let found = relative(listed, &["lib", "bin"]);
            assert_eq!(found.as_deref(), expected, "{listed}");
        }
    }
}
