//! The kernel and its modules.

use crate::software::read;
use crate::{Error, copy};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tools::Tools;

/// `conf/kernel/modules.toml`: the modules an image takes, by name. What they
/// depend on comes along.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModuleLists {
    /// Loaded by init on every machine, in this order.
    pub initramfs: Vec<String>,
    /// In the initramfs too, loaded by init where a device asks for them.
    pub initramfs_devices: Vec<String>,
    /// In the root file system, loaded when a device or program asks.
    pub root: Vec<String>,
}

impl ModuleLists {
    /// Reads the lists.
    pub fn read(path: &Path) -> Result<ModuleLists, Error> {
        read(path)
    }
}

/// A kernel of the package tree.
#[derive(Debug)]
pub struct Kernel {
    /// Its release, as `uname -r` prints it.
    pub release: String,
    /// The bootable kernel image.
    pub image: PathBuf,
    /// Plain (uncompressed) modules with dependencies resolved.
    modules: PathBuf,
    lists: ModuleLists,
    dependencies: BTreeMap<String, Module>,
}

/// The modules of an initramfs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InitramfsModules {
    /// All of them.
    pub files: Vec<PathBuf>,
    /// Names of those to load on every machine, in order.
    pub order: Vec<String>,
    /// For each kind of device (a `modalias` pattern) the names of those to
    /// load, in order: `PATTERN NAME NAME ...`.
    pub aliases: Vec<String>,
}

#[derive(Debug, Clone)]
struct Module {
    path: PathBuf,
    needs: Vec<String>,
}

impl Kernel {
    /// Finds the one kernel of the package tree and prepares the listed modules
    /// in `work`: unpacked, since a compressed file system serves them better
    /// than the kernel's own decompression does.
    pub fn prepare(
        packages: &Path,
        lists: ModuleLists,
        work: &Path,
        tools: &Tools,
    ) -> Result<Kernel, Error> {
        let release = only_kernel(packages)?;
        let source = packages.join("usr/lib/modules").join(&release);
        if !source.join("modules.dep").exists() {
            depmod(packages, &release, tools)?;
        }
        let dependencies = parse_dependencies(&files::read_to_string(&source.join("modules.dep"))?);
        let kernel = Kernel {
            image: packages.join("boot").join(format!("vmlinuz-{release}")),
            modules: work.join(&release),
            release,
            lists,
            dependencies,
        };
        for index in [
            "modules.builtin",
            "modules.builtin.modinfo",
            "modules.order",
        ] {
            copy::file_or_tree(&source.join(index), &kernel.modules.join(index))?;
        }
        for name in kernel.all()? {
            kernel.unpack(&source, &name, tools)?;
        }
        Ok(kernel)
    }

    /// The modules of the initramfs and when init loads which.
    pub fn initramfs(&self, packages: &Path) -> Result<InitramfsModules, Error> {
        let index = packages.join("usr/lib/modules").join(&self.release);
        let index = files::read_to_string(&index.join("modules.alias"))?;
        let always = self.in_load_order(self.lists.initramfs.iter())?;
        let mut aliases = Vec::new();
        for name in &self.lists.initramfs_devices {
            let chain = self.in_load_order(std::iter::once(name))?;
            let files: Vec<_> = chain.iter().map(|name| self.file_name(name)).collect();
            for pattern in aliases_of(&index, &name.replace('-', "_")) {
                aliases.push(format!("{pattern} {}", files.join(" ")));
            }
        }
        let wanted = self
            .lists
            .initramfs
            .iter()
            .chain(&self.lists.initramfs_devices);
        Ok(InitramfsModules {
            files: self
                .in_load_order(wanted)?
                .iter()
                .map(|n| self.unpacked(n))
                .collect(),
            order: always.iter().map(|name| self.file_name(name)).collect(),
            aliases,
        })
    }

    fn file_name(&self, name: &str) -> String {
        let path = self.unpacked(name);
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// Every listed module, dependencies first.
    fn all(&self) -> Result<Vec<String>, Error> {
        let lists = &self.lists;
        let wanted = lists.initramfs.iter().chain(&lists.initramfs_devices);
        self.in_load_order(wanted.chain(&lists.root))
    }

    /// Puts all listed modules into a root file system, with their index.
    pub(crate) fn install_modules(&self, root: &Path, tools: &Tools) -> Result<(), Error> {
        let folder = root.join("usr/lib/modules").join(&self.release);
        for name in self.all()? {
            let place = plain(&self.dependencies[&name].path);
            copy::file_or_tree(&self.unpacked(&name), &folder.join(place))?;
        }
        for index in [
            "modules.builtin",
            "modules.builtin.modinfo",
            "modules.order",
        ] {
            copy::file_or_tree(&self.modules.join(index), &folder.join(index))?;
        }
        depmod(root, &self.release, tools)?;
        for text in ["dep", "alias", "symbols", "devname", "softdep", "weakdep"] {
            // depmod writes both a text and a binary index; only the binary
            // ones are read, except these two.
            let path = folder.join(format!("modules.{text}"));
            if !["devname", "softdep"].contains(&text) && path.exists() {
                files::at("remove", &path, fs::remove_file(&path))?;
            }
        }
        Ok(())
    }

    /// Names in an order in which each module comes after those it needs.
    fn in_load_order<'a>(
        &self,
        wanted: impl Iterator<Item = &'a String>,
    ) -> Result<Vec<String>, Error> {
        let mut order = Vec::new();
        for name in wanted {
            let name = name.replace('-', "_");
            let module = self
                .dependencies
                .get(&name)
                .ok_or_else(|| Error::NoSuchModule(name.clone()))?;
            // modules.dep lists what a module needs with the deepest last.
            for name in module.needs.iter().rev().chain([&name]) {
                if !order.contains(name) {
                    order.push(name.clone());
                }
            }
        }
        Ok(order)
    }

    fn unpacked(&self, name: &str) -> PathBuf {
        self.modules.join(plain(&self.dependencies[name].path))
    }

    fn unpack(&self, source: &Path, name: &str, tools: &Tools) -> Result<(), Error> {
        let packed = source.join(&self.dependencies[name].path);
        let target = self.unpacked(name);
        if target.exists() {
            return Ok(());
        }
        if packed.extension().is_some_and(|e| e == "xz") {
            let mut xz = tools.command("xz")?;
            let content = process::output(xz.args(["--decompress", "--stdout"]).arg(&packed))?;
            if let Some(folder) = target.parent() {
                files::create_dir_all(folder)?;
            }
            Ok(files::replace(&target, &content.stdout, 0o644)?)
        } else {
            copy::file_or_tree(&packed, &target)
        }
    }
}

fn only_kernel(packages: &Path) -> Result<String, Error> {
    let folder = packages.join("usr/lib/modules");
    let mut releases = Vec::new();
    for entry in files::at("list", &folder, fs::read_dir(&folder))? {
        let entry = files::at("list", &folder, entry)?;
        releases.push(entry.file_name().to_string_lossy().into_owned());
    }
    match releases.as_slice() {
        [one] => Ok(one.clone()),
        several => Err(Error::Kernels {
            tree: packages.to_owned(),
            found: several.len(),
        }),
    }
}

fn depmod(root: &Path, release: &str, tools: &Tools) -> Result<(), Error> {
    let mut depmod = tools.command("depmod")?;
    process::output(depmod.arg("--basedir").arg(root).arg(release))?;
    Ok(())
}

/// Parses `modules.dep`: `kernel/a/x.ko.xz: kernel/b/y.ko.xz ...`.
fn parse_dependencies(text: &str) -> BTreeMap<String, Module> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(path, needs)| {
            let module = Module {
                path: PathBuf::from(path),
                needs: needs.split_whitespace().map(name_of).collect(),
            };
            (name_of(path), module)
        })
        .collect()
}

/// A module's patterns in `modules.alias`: lines of `alias PATTERN MODULE`.
fn aliases_of<'a>(index: &'a str, module: &'a str) -> impl Iterator<Item = &'a str> {
    index.lines().filter_map(move |line| {
        let mut words = line.split_whitespace().skip(1);
        let pattern = words.next()?;
        // Devices have colons in their names, aliases for programs do not.
        (words.next()? == module && pattern.contains(':')).then_some(pattern)
    })
}

/// A module's name: that of its file, without endings, with underscores.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split(".ko").next().unwrap_or(file).replace('-', "_")
}

fn plain(path: &Path) -> PathBuf {
    match path.extension() {
        Some(e) if e != "ko" => path.with_extension(""),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(dep: &str) -> Kernel {
        Kernel {
            release: "6.12".into(),
            image: PathBuf::new(),
            modules: PathBuf::from("/unpacked"),
            lists: ModuleLists::default(),
            dependencies: parse_dependencies(dep),
        }
    }

    #[test]
    fn modules_come_after_what_they_need_once() {
        let kernel = kernel(
            "kernel/md/dm-verity.ko.xz: kernel/lib/reed_solomon.ko.xz kernel/md/dm-bufio.ko.xz kernel/md/dm-mod.ko.xz\n\
             kernel/md/dm-bufio.ko.xz: kernel/md/dm-mod.ko.xz\nkernel/md/dm-mod.ko.xz:\nkernel/lib/reed_solomon.ko.xz:\n",
        );
        let wanted = ["dm-bufio".to_owned(), "dm-verity".to_owned()];
        let order = kernel.in_load_order(wanted.iter()).unwrap();
        assert_eq!(order, ["dm_mod", "dm_bufio", "reed_solomon", "dm_verity"]);
        assert_eq!(
            kernel.unpacked("dm_mod"),
            Path::new("/unpacked/kernel/md/dm-mod.ko")
        );
        let error = kernel
            .in_load_order(["absent".to_owned()].iter())
            .unwrap_err();
        assert!(matches!(error, Error::NoSuchModule(name) if name == "absent"));
    }
}
