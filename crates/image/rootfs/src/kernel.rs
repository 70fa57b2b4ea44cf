//! The kernel and its modules.

use crate::modules::{Index, Module, ModuleLists};
use crate::{Error, copy};
use std::fs;
use std::path::{Path, PathBuf};
use tools::Tools;

/// Indices that kmod and systemd read, and that depmod does not make.
const INDICES: [&str; 3] = [
    "modules.builtin",
    "modules.builtin.modinfo",
    "modules.order",
];

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
    index: Index,
}

/// Where a kernel's parts lie.
#[derive(Debug, Clone, Copy)]
pub struct KernelParts<'a> {
    /// The tree of unpacked packages; it has the modules.
    pub packages: &'a Path,
    /// The kernel image, if it is not `boot/vmlinuz-RELEASE` of that tree.
    pub image: Option<&'a Path>,
    /// Its options, if they are not `boot/config-RELEASE` of that tree.
    pub config: Option<&'a Path>,
}

impl KernelParts<'_> {
    /// Where the kernel's options are (a `.config`).
    pub fn options(&self) -> Result<PathBuf, Error> {
        Ok(self.of(self.config, "config", &only_kernel(self.packages)?))
    }

    fn of(&self, given: Option<&Path>, name: &str, release: &str) -> PathBuf {
        let boot = || self.packages.join("boot");
        given.map_or_else(|| boot().join(format!("{name}-{release}")), Path::to_owned)
    }
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

impl Kernel {
    /// Finds the one kernel of the package tree and prepares the listed modules
    /// in `work`: unpacked, since a compressed file system serves them better
    /// than the kernel's own decompression does.
    pub fn prepare(
        parts: KernelParts<'_>,
        lists: ModuleLists,
        work: &Path,
        tools: &Tools,
    ) -> Result<Kernel, Error> {
        let packages = parts.packages;
        let release = only_kernel(packages)?;
        let source = packages.join("usr/lib/modules").join(&release);
        if !source.join("modules.dep").exists() {
            depmod(packages, &release, tools)?;
        }
        let index = Index::parse(
            &files::read_to_string(&source.join("modules.dep"))?,
            &files::read_to_string(&source.join("modules.builtin"))?,
        );
        let kernel = Kernel {
            image: parts.of(parts.image, "vmlinuz", &release),
            modules: work.join(&release),
            release,
            lists,
            index,
        };
        for index in INDICES {
            copy::file_or_tree(&source.join(index), &kernel.modules.join(index))?;
        }
        for module in kernel.all()? {
            unpack(&source.join(&module.path), &kernel.unpacked(module), tools)?;
        }
        Ok(kernel)
    }

    /// The modules of the initramfs and when init loads which.
    pub fn initramfs(&self, packages: &Path) -> Result<InitramfsModules, Error> {
        let index = packages.join("usr/lib/modules").join(&self.release);
        let index = files::read_to_string(&index.join("modules.alias"))?;
        let always = self.index.in_load_order(self.lists.initramfs.iter())?;
        let mut aliases = Vec::new();
        for entry in &self.lists.initramfs_devices {
            let Some(name) = self.index.loadable(entry)? else {
                continue;
            };
            let chain = self.index.in_load_order(std::iter::once(entry))?;
            let files: Vec<_> = chain.iter().map(|module| module.file_name()).collect();
            for pattern in aliases_of(&index, &name) {
                aliases.push(format!("{pattern} {}", files.join(" ")));
            }
        }
        let lists = &self.lists;
        let wanted = lists.initramfs.iter().chain(&lists.initramfs_devices);
        let all = self.index.in_load_order(wanted)?;
        Ok(InitramfsModules {
            files: all.iter().map(|module| self.unpacked(module)).collect(),
            order: always.iter().map(|module| module.file_name()).collect(),
            aliases,
        })
    }

    /// Every listed module, dependencies first.
    fn all(&self) -> Result<Vec<&Module>, Error> {
        let lists = &self.lists;
        let wanted = lists.initramfs.iter().chain(&lists.initramfs_devices);
        self.index.in_load_order(wanted.chain(&lists.root))
    }

    fn unpacked(&self, module: &Module) -> PathBuf {
        self.modules.join(module.plain())
    }

    /// Puts all listed modules into a root file system, with their index.
    pub(crate) fn install_modules(&self, root: &Path, tools: &Tools) -> Result<(), Error> {
        let folder = root.join("usr/lib/modules").join(&self.release);
        for module in self.all()? {
            copy::file_or_tree(&self.unpacked(module), &folder.join(module.plain()))?;
        }
        for index in INDICES {
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
}

/// Copies a module as it is when nothing compresses it.
fn unpack(packed: &Path, target: &Path, tools: &Tools) -> Result<(), Error> {
    if target.exists() {
        return Ok(());
    }
    let ending = packed.extension().unwrap_or_default().to_string_lossy();
    let tool = match &*ending {
        "ko" => return copy::file_or_tree(packed, target),
        "xz" => "xz",
        "zst" => "zstd",
        "gz" => "gzip",
        _ => return Err(Error::Compression(packed.to_owned())),
    };
    let mut command = tools.command(tool)?;
    let content = process::output(command.args(["--decompress", "--stdout"]).arg(packed))?;
    if let Some(folder) = target.parent() {
        files::create_dir_all(folder)?;
    }
    Ok(files::replace(target, &content.stdout, 0o644)?)
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

/// A module's patterns in `modules.alias`: lines of `alias PATTERN MODULE`.
fn aliases_of<'a>(index: &'a str, module: &'a str) -> impl Iterator<Item = &'a str> {
    index.lines().filter_map(move |line| {
        let mut words = line.split_whitespace().skip(1);
        let pattern = words.next()?;
        // Devices have colons in their names, aliases for programs do not.
        (words.next()? == module && pattern.contains(':')).then_some(pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_those_of_devices() {
        let index = "# Aliases extracted from modules themselves.\n\
                     alias virtio:d00000002v* virtio_blk\nalias fs-ext4 ext4\nalias pci:v1* nvme\n";
        let of = |module| aliases_of(index, module).collect::<Vec<_>>();
        assert_eq!(of("virtio_blk"), ["virtio:d00000002v*"]);
        assert_eq!(of("ext4"), [""; 0]);
    }

    #[test]
    fn modules_are_unpacked_whatever_compressed_them() {
        let work = tempfile::tempdir().unwrap();
        let tools = Tools::host();
        let plain = work.path().join("a.ko");
        fs::write(&plain, "module").unwrap();
        for (tool, ending) in [
            ("", "ko"),
            ("xz", "ko.xz"),
            ("zstd", "ko.zst"),
            ("gzip", "ko.gz"),
        ] {
            let packed = work.path().join("a").with_extension(ending);
            if !tool.is_empty() {
                let mut command = std::process::Command::new(tool);
                // The workstation need not have each of them.
                let Ok(packing) = process::output(command.args(["--stdout"]).arg(&plain)) else {
                    continue;
                };
                fs::write(&packed, packing.stdout).unwrap();
            }
            let target = work.path().join("unpacked").join(ending);
            unpack(&packed, &target, &tools).unwrap();
            assert_eq!(fs::read_to_string(target).unwrap(), "module", "{ending}");
        }
        let odd = unpack(Path::new("a.ko.lz4"), &work.path().join("x"), &tools).unwrap_err();
        assert!(matches!(odd, Error::Compression(_)));
    }
}
