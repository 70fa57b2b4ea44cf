//! The lock file: which version of which package an image is made from.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// One architecture's lock file: groups of pinned packages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lock {
    /// The groups by name.
    pub groups: BTreeMap<String, Group>,
}

/// The packages that a list of wanted ones comes to, dependencies included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The suites it was resolved in (`trixie`), the one that goes first first.
    pub suites: Vec<String>,
    /// The list this group was resolved from.
    pub wanted: Vec<String>,
    /// Pinned packages by name.
    pub packages: BTreeMap<String, Pin>,
}

/// A package's version and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Debian version.
    pub version: String,
    /// SHA-256 of the package file, in hexadecimal.
    pub sha256: String,
}

const HEADER: &str =
    "# Made by `image-builder lock`. Debian packages by group, pinned by version and content.\n\n";

impl Lock {
    /// Reads a lock file; a missing one is an empty lock.
    pub fn read(path: &Path) -> Result<Lock, Error> {
        match files::read_to_string(path) {
            Ok(text) => toml::from_str(&text).map_err(|e| Error::Lock {
                path: path.to_owned(),
                reason: e.to_string(),
            }),
            Err(e) if e.is_not_found() => Ok(Lock::default()),
            Err(e) => Err(e.into()),
        }
    }

    /// Writes the lock file, one package a line, so that changes are readable.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(files::write(path, self.to_text())?)
    }

    fn to_text(&self) -> String {
        let mut text = HEADER.to_owned();
        for (name, group) in &self.groups {
            text += &format!("[{name}]\n");
            for (key, list) in [("suites", &group.suites), ("wanted", &group.wanted)] {
                text += &format!("{key} = [\n");
                for element in list {
                    text += &format!("    {element:?},\n");
                }
                text += "]\n";
            }
            text += &format!("\n[{name}.packages]\n");
            for (package, pin) in &group.packages {
                text += &format!(
                    "{package:?} = {{ version = {:?}, sha256 = {:?} }}\n",
                    pin.version, pin.sha256
                );
            }
            text += "\n";
        }
        text.truncate(text.trim_end().len());
        text + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Lock {
        let pin = Pin {
            version: "1:2.75-10+deb13u1+b3".into(),
            sha256: "ab".repeat(32),
        };
        let group = Group {
            suites: vec!["trixie".into()],
            wanted: vec!["systemd".into()],
            packages: BTreeMap::from([("libstdc++6".into(), pin)]),
        };
        Lock {
            groups: BTreeMap::from([("os".into(), group.clone()), ("tools".into(), group)]),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x86_64.lock");
        assert_eq!(Lock::read(&path).unwrap(), Lock::default());
        example().write(&path).unwrap();
        assert_eq!(Lock::read(&path).unwrap(), example());
    }

    #[test]
    fn a_damaged_lock_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x86_64.lock");
        for damaged in [
            "[os",
            "[os]\nsuites = []\nwanted = 3",
            "[os]\nwanted = []\n[os.packages]\n",
            "[os]\nsuites = []\nwanted = []\nextra = 1\n[os.packages]\n",
        ] {
            std::fs::write(&path, damaged).unwrap();
            let message = Lock::read(&path).unwrap_err().to_string();
            assert!(message.contains("x86_64.lock"), "{message}");
        }
    }
}
