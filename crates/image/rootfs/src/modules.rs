//! Which kernel modules an image takes, and what those need.

use crate::Error;
use crate::software::read;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// `conf/kernel/modules.toml`: the modules an image takes, by name. What they
/// depend on comes along. `A|B` is whichever of these the kernel has: modules
/// get new names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModuleLists {
    /// Loaded by init on every machine, in this order.
    pub initramfs: Vec<String>,
    /// In the initramfs too, loaded by init where a device asks for them.
    pub initramfs_devices: Vec<String>,
    /// In the root file system, loaded when a device or program asks.
    pub root: Vec<String>,
    /// Names that only the kernels of one architecture have, by architecture.
    #[serde(default)]
    only: BTreeMap<String, Vec<String>>,
}

impl ModuleLists {
    /// Reads the lists for an architecture.
    pub fn read(path: &Path, architecture: &str) -> Result<ModuleLists, Error> {
        let lists: ModuleLists = read(path)?;
        Ok(lists.of(architecture))
    }

    fn of(mut self, architecture: &str) -> ModuleLists {
        let only = std::mem::take(&mut self.only);
        let elsewhere = |name: &String| {
            let others = only.iter().filter(|(other, _)| *other != architecture);
            others.flat_map(|(_, names)| names).any(|n| n == name)
        };
        for list in [
            &mut self.initramfs,
            &mut self.initramfs_devices,
            &mut self.root,
        ] {
            list.retain(|name| !elsewhere(name));
        }
        self
    }
}

/// A module that lies in a file.
#[derive(Debug, Clone)]
pub(crate) struct Module {
    /// Where, relative to the folder of the kernel's modules.
    pub(crate) path: PathBuf,
    needs: Vec<String>,
}

impl Module {
    /// Where it lies when nothing compresses it.
    pub(crate) fn plain(&self) -> PathBuf {
        match self.path.extension() {
            Some(e) if e != "ko" => self.path.with_extension(""),
            _ => self.path.clone(),
        }
    }

    pub(crate) fn file_name(&self) -> String {
        let plain = self.plain();
        plain
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }
}

/// The modules that a kernel has, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    files: BTreeMap<String, Module>,
    built_in: BTreeSet<String>,
}

impl Index {
    /// Parses `modules.dep` (`kernel/a/x.ko.xz: kernel/b/y.ko.xz ...`) and
    /// `modules.builtin` (`kernel/c/z.ko`).
    pub(crate) fn parse(dependencies: &str, built_in: &str) -> Index {
        let files = dependencies
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(path, needs)| {
                let module = Module {
                    path: PathBuf::from(path),
                    needs: needs.split_whitespace().map(name_of).collect(),
                };
                (name_of(path), module)
            });
        Index {
            files: files.collect(),
            built_in: built_in.lines().map(name_of).collect(),
        }
    }

    /// The module that an entry of a list stands for; `None` if it is built
    /// into the kernel, where there is nothing to load.
    pub(crate) fn loadable(&self, entry: &str) -> Result<Option<String>, Error> {
        let names = entry.split('|').map(|name| name.replace('-', "_"));
        for name in names {
            if self.files.contains_key(&name) {
                return Ok(Some(name));
            }
            if self.built_in.contains(&name) {
                return Ok(None);
            }
        }
        Err(Error::NoSuchModule(entry.to_owned()))
    }

    /// Modules in an order in which each comes after those it needs.
    pub(crate) fn in_load_order<'a>(
        &self,
        entries: impl Iterator<Item = &'a String>,
    ) -> Result<Vec<&Module>, Error> {
        let mut order: Vec<&String> = Vec::new();
        for entry in entries {
            let Some(name) = self.loadable(entry)? else {
                continue;
            };
            let Some((name, module)) = self.files.get_key_value(&name) else {
                continue;
            };
            // modules.dep lists what a module needs with the deepest last.
            for name in module.needs.iter().rev().chain([name]) {
                if !order.contains(&name) {
                    order.push(name);
                }
            }
        }
        let module = |name| {
            self.files
                .get(name)
                .ok_or_else(|| Error::NoSuchModule(String::clone(name)))
        };
        order.into_iter().map(module).collect()
    }
}

/// A module's name: that of its file, without endings, with underscores.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file).replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPENDENCIES: &str = "\
        kernel/md/dm-verity.ko.xz: kernel/lib/reed_solomon.ko.xz kernel/md/dm-bufio.ko.xz kernel/md/dm-mod.ko.xz\n\
        kernel/md/dm-bufio.ko.xz: kernel/md/dm-mod.ko.xz\n\
        kernel/md/dm-mod.ko.xz:\n\
        kernel/lib/reed_solomon.ko.zst:\n";
    const BUILT_IN: &str = "kernel/fs/erofs/erofs.ko\nkernel/crypto/crc32c-cryptoapi.ko\n";

    #[test]
    fn modules_come_after_what_they_need_once_and_built_in_ones_are_there() {
        let index = Index::parse(DEPENDENCIES, BUILT_IN);
        let table: [(&[&str], Option<&[&str]>); 7] = [
            (
                &["dm-bufio", "dm-verity"],
                Some(&[
                    "dm-mod.ko",
                    "dm-bufio.ko",
                    "reed_solomon.ko",
                    "dm-verity.ko",
                ]),
            ),
            (&["erofs"], Some(&[])),
            (&["erofs", "dm_mod"], Some(&["dm-mod.ko"])),
            (&["crc32c_generic|crc32c_cryptoapi"], Some(&[])),
            (&["device_mapper|dm_mod"], Some(&["dm-mod.ko"])),
            (&["absent"], None),
            (&["absent|missing"], None),
        ];
        for (wanted, expected) in table {
            let wanted: Vec<String> = wanted.iter().map(|n| (*n).to_owned()).collect();
            let found = index.in_load_order(wanted.iter());
            let names = found.map(|list| list.iter().map(|m| m.file_name()).collect::<Vec<_>>());
            match (names, expected) {
                (Ok(names), Some(expected)) => assert_eq!(names, expected, "{wanted:?}"),
                (Err(Error::NoSuchModule(name)), None) => assert_eq!(name, wanted[0]),
                (other, _) => panic!("{wanted:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_only_another_architecture_has_is_left_out() {
        let text = "initramfs = [\"loop\"]\ninitramfs-devices = [\"ata_piix\"]\nroot = [\"iTCO_wdt\"]\n\
                    [only]\nx86_64 = [\"ata_piix\", \"iTCO_wdt\"]\n";
        for (architecture, count) in [("x86_64", 3), ("aarch64", 1)] {
            let lists: ModuleLists = toml::from_str(text).unwrap();
            let lists = lists.of(architecture);
            let found = lists.initramfs.len() + lists.initramfs_devices.len() + lists.root.len();
            assert_eq!(found, count, "{architecture}");
        }
    }
}
