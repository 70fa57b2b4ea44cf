//! Makes the root file system of an image.
//!
//! Third-party files come from a tree of unpacked packages and only by name
//! (an allow-list per software set, and the libraries that the chosen programs
//! need). Our own files and programs are laid on top. The result is audited:
//! whatever is not accounted for stops the build.

mod alternatives;
mod audit;
mod certificates;
mod container;
mod copy;
mod elf;
mod kernel;
mod labels;
mod libraries;
mod modules;
mod options;
mod paths;
mod selinux;
mod software;

pub use audit::{Finding, audit, executables};
pub use container::{Container, ContainerImage};
pub use kernel::{InitramfsModules, Kernel, KernelParts};
pub use labels::{FileContexts, Kind};
pub use modules::ModuleLists;
pub use options::{Deviation, Options, Value};
pub use selinux::{InstalledPolicy, Policy, compile_policy};
pub use software::{Download, External, Software};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tools::Tools;

/// Why the root file system could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A tool reported an error.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// A tool is missing.
    #[error(transparent)]
    Tools(#[from] tools::Error),
    /// A configuration file does not parse.
    #[error("{}: {reason}", path.display())]
    Configuration {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An allow-list names a file that no package has.
    #[error(
        "no package has a file `{pattern}`, which software set `{set}` lists\nhint: correct its file list in conf/software, or the packages"
    )]
    NoSuchFile {
        /// The pattern of the allow-list.
        pattern: String,
        /// The software set.
        set: String,
    },
    /// A listed file is a link that leads to no file of the package tree.
    #[error(
        "{} is a link that leads to no file of the packages ({})\nhint: a package that has it is missing, or the list in conf/software should name another file",
        link.display(), target.display()
    )]
    LinkToNothing {
        /// The link, relative to the tree.
        link: PathBuf,
        /// Where it leads, relative to the tree.
        target: PathBuf,
    },
    /// A program needs a library that no package has.
    #[error("{} needs the library {library}, which no package has", needed_by.display())]
    NoSuchLibrary {
        /// The library's file name.
        library: String,
        /// Who asks for it.
        needed_by: PathBuf,
    },
    /// A module list names a module the kernel does not have.
    #[error(
        "the kernel has no module `{0}`, in a file or built in\nhint: correct conf/kernel/modules.toml, or turn the module on (conf/kernel/*.cfg)"
    )]
    NoSuchModule(String),
    /// A module has an ending of no compression we know.
    #[error("{}: unknown compression of a kernel module\nhint: known are .ko, .ko.xz, .ko.zst and .ko.gz", .0.display())]
    Compression(PathBuf),
    /// The package tree has no kernel, or more than one.
    #[error("expected one kernel below {}, found {found}", tree.display())]
    Kernels {
        /// The tree of unpacked packages.
        tree: PathBuf,
        /// How many there are.
        found: usize,
    },
    /// An executable file has a form we do not understand.
    #[error("{}: {reason}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Everything a root file system is made of.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// The tree of unpacked packages.
    pub packages: &'a Path,
    /// The software sets of the variant, in order.
    pub software: &'a [Software],
    /// External programs that do not come from the packages, by name: a file, or
    /// `None` for one that is left out.
    pub external: &'a BTreeMap<String, Option<PathBuf>>,
    /// Folders whose content is laid over the root, in order.
    pub overlays: &'a [PathBuf],
    /// Folder with the first-party programs.
    pub programs: &'a Path,
    /// The text of `/usr/lib/os-release`.
    pub os_release: &'a str,
    /// The text of `/usr/share/bottlerocket/variant.toml`: the variant's file.
    pub variant: &'a str,
    /// The root of trust of updates, for `/usr/share/updog/root.json`.
    pub update_root: Option<&'a Path>,
    /// Images of host containers, which the node loads when it runs them.
    pub host_containers: &'a [PathBuf],
    /// The SELinux policy.
    pub policy: &'a InstalledPolicy,
    /// The kernel and the modules to take from it.
    pub kernel: &'a Kernel,
    /// The image tools.
    pub tools: &'a Tools,
}

/// Makes the root file system in `root`, which is replaced.
pub fn build(inputs: &Inputs<'_>, root: &Path) -> Result<(), Error> {
    if root.exists() {
        files::at("remove", root, std::fs::remove_dir_all(root))?;
    }
    copy::skeleton(root)?;
    for set in inputs.software {
        copy::packaged(inputs.packages, set, root)?;
        copy::external(inputs.packages, inputs.external, set, root)?;
    }
    certificates::bundle(inputs.packages, root)?;
    for set in inputs.software {
        copy::programs(inputs.programs, set, root)?;
    }
    for overlay in inputs.overlays {
        copy::overlay(overlay, root)?;
    }
    for set in inputs.software {
        copy::services(set, root)?;
    }
    files::write(&root.join("usr/lib/os-release"), inputs.os_release)?;
    let shared = root.join("usr/share/bottlerocket");
    files::create_dir_all(&shared)?;
    files::write(&shared.join("variant.toml"), inputs.variant)?;
    if let Some(trusted) = inputs.update_root {
        let updog = root.join("usr/share/updog");
        files::create_dir_all(&updog)?;
        files::write(&updog.join("root.json"), files::read(trusted)?)?;
    }
    let carried = root.join("usr/share/host-containers");
    for image in inputs.host_containers {
        copy::file_or_tree(image, &carried.join(image.file_name().unwrap_or_default()))?;
    }
    let extra = inputs.software.iter().flat_map(|set| &set.libraries);
    libraries::complete(inputs.packages, root, extra)?;
    inputs.kernel.install_modules(root, inputs.tools)?;
    inputs.policy.lay_over(root)
}
