//! `image-builder`: makes images of the operating system on Debian packages.

mod image;
mod inspect;
mod packages;
mod programs;
mod progress;
mod release;
mod run;
mod source;
mod variant;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use disk::{Architecture, Compression};
use packages::Policy;
use source::Source;
use std::path::PathBuf;
use std::process::ExitCode;

/// Builds images of the operating system on Debian packages, without root
/// rights and without changing the host.
///
/// Exit status: 0 done, 1 failed, 2 wrong usage.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The source tree [default: the one around the current folder].
    #[arg(long, global = true, value_name = "DIR")]
    source: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build a bootable disk image and the artefacts it consists of.
    Image {
        #[command(flatten)]
        target: Target,
        /// Compress the root file system, as for a release.
        #[arg(long)]
        release: bool,
        /// Where the artefacts go [default: build/images/ARCH/VARIANT].
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
        /// Take the list of executables as it is now (conf/variants/VARIANT.executables).
        #[arg(long)]
        accept_executables: bool,
    },
    /// Make and audit the root file system only.
    Rootfs {
        #[command(flatten)]
        target: Target,
        /// Take the list of executables as it is now (conf/variants/VARIANT.executables).
        #[arg(long)]
        accept_executables: bool,
    },
    /// Build the first-party programs only.
    Programs {
        #[command(flatten)]
        target: Target,
    },
    /// Fetch and unpack the image tools, and print where they are.
    Tools {
        #[command(flatten)]
        packages: PackageOptions,
    },
    /// Boot a built image in QEMU and show its console until it powers off.
    /// What it writes is forgotten (`vm` keeps nodes running and talks to them).
    Run {
        #[command(flatten)]
        target: Target,
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
        /// Architecture to refresh.
        #[arg(long, default_value = "x86_64")]
        arch: Architecture,
        #[command(flatten)]
        packages: PackageOptions,
    },
}

#[derive(Debug, Args)]
struct Target {
    /// The variant: a file of conf/variants without its ending.
    #[arg(long, default_value = "metal-dev")]
    variant: String,
    /// Machine architecture.
    #[arg(long, default_value = "x86_64")]
    arch: Architecture,
    #[command(flatten)]
    packages: PackageOptions,
}

#[derive(Debug, Args)]
struct PackageOptions {
    /// Debian mirror [default: the one the host's apt uses].
    #[arg(long, value_name = "URL", env = "DEBIAN_MIRROR")]
    mirror: Option<String>,
    /// Fail where a pinned package has left the mirror, instead of taking the
    /// suite's current ones.
    #[arg(long)]
    locked: bool,
}

impl PackageOptions {
    fn policy(&self) -> Policy {
        Policy {
            mirror: self.mirror.clone(),
            locked: self.locked,
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", applet::explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> Result<()> {
    let source = Source::find(cli.source.as_deref())?;
    match cli.command {
        Command::Image {
            target,
            release,
            output,
            accept_executables,
        } => {
            let request = request(&source, &target, accept_executables)?;
            let compression = if release {
                Compression::Zstd
            } else {
                Compression::None
            };
            let output = output.unwrap_or_else(|| request.folder());
            image::build(&request, compression, &output)?;
            inspect::print(&output)
        }
        Command::Rootfs {
            target,
            accept_executables,
        } => {
            let request = request(&source, &target, accept_executables)?;
            let root = image::root(&request, &request.folder())?;
            println!("{}", root.folder.display());
            Ok(())
        }
        Command::Programs { target } => {
            println!("{}", programs::build(&source, target.arch)?.display());
            Ok(())
        }
        Command::Tools { packages } => {
            let tree = packages::unpacked(
                &source,
                "tools",
                source::host_architecture()?,
                &packages.policy(),
            )?;
            println!("{}", tree.display());
            Ok(())
        }
        Command::Run { target, user_data } => {
            let request = request(&source, &target, false)?;
            let policy = target.packages.policy();
            let tree = packages::unpacked(&source, "tools", source::host_architecture()?, &policy)?;
            let tools = tools::Tools::unpacked(&tree)?;
            run::run(
                &request.folder(),
                target.arch.name(),
                tools,
                user_data.as_deref(),
            )
        }
        Command::Inspect { folder } => inspect::print(&folder),
        Command::Lock { arch, packages } => packages::refresh(&source, arch, &packages.policy()),
    }
}

fn request<'a>(
    source: &'a Source,
    target: &Target,
    accept_executables: bool,
) -> Result<image::Request<'a>> {
    Ok(image::Request {
        source,
        variant: variant::Variant::read(source, &target.variant)?,
        architecture: target.arch,
        packages: target.packages.policy(),
        accept_executables,
    })
}
