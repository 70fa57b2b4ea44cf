//! Assembles a bootable disk from a root file system.
//!
//! The steps, each reproducible bit for bit: an EROFS with its labels, the
//! dm-verity hash tree, the initramfs, the unified kernel image (UKI) whose
//! command line carries the root hash, the EFI system partition and the GPT.
//! Neither root rights nor loop devices are needed. Both builders end here.

mod efi;
mod erofs;
mod esp;
mod gpt;
mod identity;
mod initramfs;
mod uki;
mod verity;

pub use efi::Architecture;
pub use erofs::Compression;
pub use gpt::{Layout, Partition, Place, Sizes, copy_sparse, places};
pub use identity::Identity;
pub use initramfs::Archive;
pub use uki::make as kernel_image;

use std::path::{Path, PathBuf};
use tools::Tools;

/// Why the disk could not be assembled.
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
    /// The UEFI stub is not a PE program that sections can be added to.
    #[error("{} cannot carry a kernel: {reason}", path.display())]
    Stub {
        /// The stub.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// veritysetup wrote no usable root hash.
    #[error("veritysetup wrote no root hash of 64 hexadecimal digits, but `{0}`")]
    RootHash(String),
    /// An artefact does not fit the partition that is to hold it.
    #[error(
        "{what} has {size} bytes, partition {partition} holds {capacity}\n\
         hint: the sizes are in the variant's [disk] table; they are fixed for the life of a fleet"
    )]
    TooLarge {
        /// The artefact.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The partition's label.
        partition: &'static str,
        /// The partition's size in bytes.
        capacity: u64,
    },
    /// The partition table could not be written.
    #[error("failed to write the partition table of {}: {reason}", path.display())]
    Gpt {
        /// The disk image.
        path: PathBuf,
        /// What the GPT library answered.
        reason: String,
    },
}

/// What a disk is made of.
#[derive(Debug)]
pub struct Inputs<'a> {
    /// Name, version and time that everything derived is derived from.
    pub identity: &'a Identity,
    /// Machine architecture.
    pub architecture: Architecture,
    /// The root file system.
    pub root: &'a Path,
    /// SELinux file contexts to label it by.
    pub file_contexts: &'a Path,
    /// How to compress it.
    pub compression: Compression,
    /// The kernel image and its release.
    pub kernel: &'a Path,
    /// The kernel's release, as `uname -r` prints it.
    pub kernel_release: &'a str,
    /// The static program that becomes `/init`.
    pub init: &'a Path,
    /// The one that becomes it in the installer.
    pub installer: &'a Path,
    /// The modules of the initramfs.
    pub modules: &'a [PathBuf],
    /// Names of those that init loads on every machine, in order.
    pub module_order: &'a [String],
    /// What init loads for which device, as `PATTERN NAME NAME ...`.
    pub module_aliases: &'a [String],
    /// Kernel parameters besides those that name the root.
    pub parameters: &'a [String],
    /// Folder of systemd's EFI programs (stub and boot loader).
    pub efi_programs: &'a Path,
    /// Partition sizes.
    pub sizes: Sizes,
    /// The image tools.
    pub tools: &'a Tools,
}

/// The artefacts of one disk, all in one folder.
#[derive(Debug)]
pub struct Artefacts {
    /// The raw disk image, sparse.
    pub disk: PathBuf,
    /// The root file system.
    pub root: PathBuf,
    /// Its hash tree.
    pub hash: PathBuf,
    /// The unified kernel image.
    pub uki: PathBuf,
    /// The root hash, 64 hexadecimal digits.
    pub root_hash: String,
    /// Where each partition lies.
    pub layout: Layout,
}

/// Assembles the disk in `output`. `progress` is told of each step.
pub fn assemble(
    inputs: &Inputs<'_>,
    output: &Path,
    mut progress: impl FnMut(&str),
) -> Result<Artefacts, Error> {
    files::create_dir_all(output)?;
    let place = |name: &str| output.join(name);
    let identity = inputs.identity;

    progress("file system");
    let root = place("root.erofs");
    erofs::make(inputs, &root)?;
    progress("hash tree");
    let hash = place("root.hash");
    let root_hash = verity::format(&root, &hash, identity, inputs.tools)?;
    files::write(&place("roothash"), format!("{root_hash}\n"))?;

    progress("kernel image");
    let initramfs = place("initramfs.zst");
    initramfs::make(inputs, &initramfs)?;
    let command_line = command_line(inputs.parameters, &root_hash);
    files::write(&place("cmdline"), format!("{command_line}\n"))?;
    let kernel = place("vmlinuz");
    files::at("copy", inputs.kernel, std::fs::copy(inputs.kernel, &kernel))?;
    // What the installer is made of later, beside these.
    let stub = place("stub.efi");
    let of_architecture = inputs.efi_programs.join(inputs.architecture.stub());
    for (from, to) in [
        (inputs.installer, &place("install-to-disk")),
        (&of_architecture, &stub),
    ] {
        files::at("copy", from, std::fs::copy(from, to))?;
    }
    let uki = place(&format!("{}.efi", identity.file_stem()));
    uki::make(
        &stub,
        &[
            (
                ".osrel",
                files::read(&inputs.root.join("usr/lib/os-release"))?,
            ),
            (".cmdline", command_line.into_bytes()),
            (".uname", inputs.kernel_release.as_bytes().to_vec()),
            (".initrd", files::read(&initramfs)?),
            (".linux", files::read(&kernel)?),
        ],
        &uki,
    )?;

    progress("disk");
    let disk = place(&format!("{}.img", identity.file_stem()));
    let layout = Layout::new(inputs.architecture, inputs.sizes, identity, &root_hash);
    gpt::write(&disk, &layout)?;
    let esp = layout.partition("ESP");
    esp::fill(inputs, &disk, esp, &uki)?;
    gpt::fill(
        &disk,
        layout.partition("ROOT-A"),
        &root,
        "the root file system",
    )?;
    gpt::fill(&disk, layout.partition("HASH-A"), &hash, "the hash tree")?;
    files::write(&place("layout.json"), layout.to_json())?;
    Ok(Artefacts {
        disk,
        root,
        hash,
        uki,
        root_hash,
        layout,
    })
}

/// The whole kernel command line. The root hash alone names the root: init
/// finds the partitions by the identifiers derived from it.
fn command_line(parameters: &[String], root_hash: &str) -> String {
    let mut words = parameters.to_vec();
    words.push(format!("roothash={root_hash}"));
    words.join(" ")
}
