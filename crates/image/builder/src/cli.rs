//! The command line.

use crate::external::{ExternalOptions, GivenOptions};
use crate::packages::Policy;
use crate::release::ReleaseOptions;
use anyhow::Result;
use artefacts::Format;
use clap::{Args, Parser, Subcommand};
use disk::{Architecture, Compression};
use install_to_disk::Selector;
use pinned_url::PinnedUrl;
use std::path::PathBuf;
use tools::Tools;

/// Builds images of the operating system, without root rights and without
/// changing the host: on Debian packages, or from what BitBake built.
///
/// Exit status: 0 done, 1 failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The source tree [default: the one around the current folder].
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) source: Option<PathBuf>,
    /// Where packages are kept between builds [default: build/cache].
    #[arg(long, global = true, value_name = "DIR", env = "BOTTLEROCKET_CACHE")]
    pub(crate) cache: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build a bootable disk image and the artefacts it consists of.
    Image {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        packages: PackageOptions,
        #[command(flatten)]
        compression: CompressionOptions,
        #[command(flatten)]
        external: ExternalOptions,
        #[command(flatten)]
        release: ReleaseOptions,
        /// Where the artefacts go [default: build/images/ARCH/VARIANT].
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
        /// Take the list of executables as it is now (VARIANT.executables beside its file).
        #[arg(long, conflicts_with_all = ["with", "leave_out_external"])]
        accept_executables: bool,
    },
    /// Make what platforms take of a built image: compressed raw disk, qcow2, VMDK, OVA,
    /// VHD, machine of Firecracker, installers, and their digests.
    Artefacts(Artefacts),
    /// Write an image, raw or compressed (.zst), to a stick or another disk, and read it
    /// back. Disks in use are refused.
    Flash {
        /// The image.
        image: PathBuf,
        /// The disk, such as /dev/sdb; or a file.
        disk: PathBuf,
        /// Let go what is on the disk.
        #[arg(long)]
        wipe: bool,
        /// TOML user data, checked, for the node, which reads it on its first boot.
        #[arg(long, value_name = "FILE")]
        user_data: Option<PathBuf>,
        /// Where the node fetches them instead: URL#sha256=DIGEST, over http or https.
        #[arg(long, value_name = "ADDRESS", conflicts_with = "user_data")]
        user_data_url: Option<PinnedUrl>,
    },
    /// Print the steps by which Amazon makes an AMI of a built image.
    ImportAmi(ImportAmi),
    /// Make and audit the root file system only.
    Rootfs {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        packages: PackageOptions,
        #[command(flatten)]
        external: ExternalOptions,
        #[command(flatten)]
        release: ReleaseOptions,
        /// Take the list of executables as it is now (VARIANT.executables beside its file).
        #[arg(long, conflicts_with_all = ["with", "leave_out_external"])]
        accept_executables: bool,
    },
    /// Build the same image from files that another builder made: BitBake ends
    /// here. Nothing is downloaded or compiled.
    Assemble(Assemble),
    /// Compile the SELinux policy of a variant, as it lies in the image.
    Policy {
        /// The variant: a file of conf/variants without its ending.
        #[arg(long, default_value = "metal-dev")]
        variant: String,
        /// Where the tree goes (DIR/usr/lib/selinux).
        #[arg(long, value_name = "DIR")]
        output: PathBuf,
        #[command(flatten)]
        tools: ToolOptions,
    },
    /// Print what the builder puts into a variant, as JSON.
    Contents {
        #[command(flatten)]
        target: Target,
        /// Take our own files from where another builder installed them, not
        /// from the source tree.
        #[arg(long, value_name = "DIR")]
        first_party: Option<PathBuf>,
        #[command(flatten)]
        packages: PackageOptions,
        #[command(flatten)]
        tools: ToolOptions,
    },
    /// Compare what the two builders put into each variant. Prints a table;
    /// fails on a difference that conf/parity.toml does not explain.
    Parity {
        /// Where BitBake's recipes installed our own files.
        #[arg(long, value_name = "DIR")]
        first_party: PathBuf,
        /// Machine architecture.
        #[arg(long, default_value = "x86_64")]
        arch: Architecture,
        #[command(flatten)]
        packages: PackageOptions,
        #[command(flatten)]
        tools: ToolOptions,
    },
    /// Build the image of a host container, as an archive (OCI Image Layout).
    Container(Container),
    /// Build the first-party programs only.
    Programs {
        /// Machine architecture.
        #[arg(long, default_value = "x86_64")]
        arch: Architecture,
        /// Which; all where none is named.
        names: Vec<String>,
        #[command(flatten)]
        packages: PackageOptions,
    },
    /// Build the migrations of stored settings, which updates bring along.
    Migrations {
        /// Machine architecture.
        #[arg(long, default_value = "x86_64")]
        arch: Architecture,
        #[command(flatten)]
        packages: PackageOptions,
    },
    /// Fetch and unpack a group of packages, and print where they are.
    Packages {
        /// Which: `os`, what images are made of; `tools`, what they are made with;
        /// or another one of conf/debian/packages.toml.
        group: String,
        /// Machine architecture [default: x86_64; for tools, emulators and compilers
        /// this machine's].
        #[arg(long)]
        arch: Option<Architecture>,
        #[command(flatten)]
        packages: PackageOptions,
    },
    /// Boot a built image in QEMU and show its console until it powers off.
    /// What it writes is forgotten (`vm` keeps nodes running and talks to them).
    Run {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        packages: PackageOptions,
        /// TOML user data for the node.
        #[arg(long, value_name = "FILE")]
        user_data: Option<PathBuf>,
    },
    /// Say what an image consists of: sizes, partitions, root hash.
    Inspect {
        /// The folder of its artefacts.
        folder: PathBuf,
    },
    /// Refresh the lock file with the suite's current packages.
    Lock {
        /// Which groups of conf/debian/packages.toml; all where none is named.
        groups: Vec<String>,
        /// Architecture to refresh.
        #[arg(long, default_value = "x86_64")]
        arch: Architecture,
        #[command(flatten)]
        packages: PackageOptions,
    },
}

/// What to build.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The variant: a file of conf/variants without its ending, or the path of one
    /// elsewhere (NAME.toml).
    #[arg(long, default_value = "metal-dev")]
    pub(crate) variant: String,
    /// Machine architecture.
    #[arg(long, default_value = "x86_64")]
    pub(crate) arch: Architecture,
    /// Add a software set, for trials: `development` is the channel over which `vm`
    /// talks to the node.
    #[arg(long, value_name = "SET")]
    pub(crate) with: Vec<String>,
}

/// The options of `artefacts`.
#[derive(Debug, Args)]
pub(crate) struct Artefacts {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The folder of a built image, of whichever builder [default:
    /// build/images/ARCH/VARIANT].
    #[arg(long, value_name = "DIR", conflicts_with_all = ["variant", "arch", "with"])]
    pub(crate) image: Option<PathBuf>,
    /// Which: raw, qcow2, vmdk, ova, vhd, firecracker, installer, iso [default: those that
    /// the variant names].
    #[arg(long = "format", value_name = "FORMAT")]
    pub(crate) formats: Vec<Format>,
    /// Where they go [default: the folder `artefacts` in that of the image].
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) installation: InstallationOptions,
    #[command(flatten)]
    pub(crate) packages: PackageOptions,
    #[command(flatten)]
    pub(crate) tools: ToolOptions,
}

/// What an installer does without being asked. Kernel arguments can say the same where
/// it is started.
#[derive(Debug, Args)]
pub(crate) struct InstallationOptions {
    /// The disk that the installer writes to: /dev/NAME, serial:NUMBER, smallest, largest,
    /// or size:MIN-MAX [default: none, it lists the disks].
    #[arg(long, value_name = "DISK")]
    pub(crate) install_to: Option<Selector>,
    /// Let go what is on that disk.
    #[arg(long, requires = "install_to")]
    pub(crate) install_wipe: bool,
    /// Start the installed system, instead of switching the machine off.
    #[arg(long)]
    pub(crate) install_reboot: bool,
    /// TOML user data for the node, checked.
    #[arg(long, value_name = "FILE")]
    pub(crate) install_user_data: Option<PathBuf>,
    /// Where the node fetches user data on its first boot, in place of such a file:
    /// URL#sha256=DIGEST, over http or https.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "install_user_data")]
    pub(crate) install_user_data_url: Option<PinnedUrl>,
}

/// The options of `import-ami`.
#[derive(Debug, Args)]
pub(crate) struct ImportAmi {
    #[command(flatten)]
    pub(crate) target: Target,
    /// The folder of a built image, with its VHD [default: build/images/ARCH/VARIANT].
    #[arg(long, value_name = "DIR", conflicts_with_all = ["variant", "arch", "with"])]
    pub(crate) image: Option<PathBuf>,
    /// The bucket of S3 over which it goes.
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: String,
    /// The region of the bucket and the AMI.
    #[arg(long, value_name = "NAME")]
    pub(crate) region: String,
    /// Print the steps, as a script for a shell with the AWS CLI: nothing else is done.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// The options of `container`.
#[derive(Debug, Args)]
pub(crate) struct Container {
    /// Which: a file of conf/containers without its ending.
    pub(crate) name: String,
    /// Machine architecture.
    #[arg(long, default_value = "x86_64")]
    pub(crate) arch: Architecture,
    /// A root file system to take the listed third-party files from [default:
    /// Debian packages].
    #[arg(long, value_name = "DIR")]
    pub(crate) packages: Option<PathBuf>,
    /// A prefix with our own programs: bin/PROGRAM [default: they are built].
    #[arg(long, value_name = "DIR")]
    pub(crate) first_party: Option<PathBuf>,
    /// The folder of the archive [default: build/containers/ARCH].
    #[arg(long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) sources: PackageOptions,
}

/// The options of `assemble`.
#[derive(Debug, Args)]
pub(crate) struct Assemble {
    #[command(flatten)]
    pub(crate) target: Target,
    /// A root file system to take the listed third-party files from.
    #[arg(long, value_name = "DIR")]
    pub(crate) packages: PathBuf,
    /// They are Debian's: conf/parity.toml speaks of them as image-builder's.
    #[arg(long)]
    pub(crate) debian: bool,
    #[command(flatten)]
    pub(crate) external: GivenOptions,
    /// A prefix with our own files: bin/PROGRAM and, below share/bottlerocket,
    /// rootfs/SET, selinux/VARIANT (made by `policy`) and kernel/*.cfg.
    #[arg(long, value_name = "DIR")]
    pub(crate) first_party: PathBuf,
    /// A folder with the images of host containers that the variant carries, as
    /// `container` makes them.
    #[arg(long, value_name = "DIR")]
    pub(crate) containers: Option<PathBuf>,
    /// The kernel image [default: boot/vmlinuz-RELEASE of the packages].
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// The kernel's options [default: boot/config-RELEASE of the packages].
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel_config: Option<PathBuf>,
    /// Folder with systemd's stub and boot loader [default: usr/lib/systemd/boot/efi
    /// of the packages].
    #[arg(long, value_name = "DIR")]
    pub(crate) efi: Option<PathBuf>,
    /// BUILD_ID of os-release [default: what git says of the source tree].
    #[arg(long, value_name = "ID")]
    pub(crate) build_id: Option<String>,
    #[command(flatten)]
    pub(crate) compression: CompressionOptions,
    #[command(flatten)]
    pub(crate) release: ReleaseOptions,
    /// Where the artefacts go.
    #[arg(long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) tools: ToolOptions,
}

/// How much effort the root file system is worth.
#[derive(Debug, Args)]
pub(crate) struct CompressionOptions {
    /// Compress the root file system, as for a release.
    #[arg(long)]
    release: bool,
}

impl CompressionOptions {
    pub(crate) fn compression(&self) -> Compression {
        if self.release {
            Compression::Zstd
        } else {
            Compression::None
        }
    }
}

/// Where Debian packages come from.
#[derive(Debug, Default, Args)]
pub(crate) struct PackageOptions {
    /// Debian mirror [default: the one the host's apt uses].
    #[arg(long, value_name = "URL", env = "DEBIAN_MIRROR")]
    mirror: Option<String>,
    /// Fail where a pinned package has left the mirror, instead of taking the
    /// suite's current ones.
    #[arg(long)]
    locked: bool,
}

impl PackageOptions {
    pub(crate) fn policy(&self) -> Policy {
        Policy {
            mirror: self.mirror.clone(),
            locked: self.locked,
        }
    }
}

/// Where the image tools come from.
#[derive(Debug, Args)]
pub(crate) struct ToolOptions {
    /// Unpacked packages with the image tools, as `image-builder packages tools`
    /// prints their folder [default: the programs on PATH].
    #[arg(long, value_name = "DIR", env = "BOTTLEROCKET_TOOLS")]
    tools: Option<PathBuf>,
}

impl ToolOptions {
    /// Those of the given folder, else those of this machine.
    pub(crate) fn here(&self) -> Result<Tools> {
        match &self.tools {
            Some(folder) => Ok(Tools::unpacked(folder)?),
            None => Ok(Tools::host()),
        }
    }

    /// Those of the given folder, if it is there. (The scripts name it before
    /// it is.)
    pub(crate) fn existing(&self) -> Result<Option<Tools>> {
        let folder = self.tools.as_ref().filter(|folder| folder.is_dir());
        Ok(folder.map(|folder| Tools::unpacked(folder)).transpose()?)
    }
}
