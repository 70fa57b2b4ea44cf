//! `image-builder`: makes images of the operating system.

mod ami;
mod artefacts;
mod assemble;
mod cargo_packages;
mod cli;
mod compose;
mod containers;
mod contents;
mod cross;
mod explanations;
mod external;
mod first_party;
mod flash;
mod image;
mod inspect;
mod packages;
mod parameters;
mod parity;
mod policy;
mod programs;
mod progress;
mod release;
mod requirements;
mod run;
mod sbom;
mod source;
mod user_data;
mod variant;

use anyhow::{Result, bail};
use clap::Parser;
use cli::{Cli, Command, PackageOptions, Target, ToolOptions};
use contents::Pieces;
use external::ExternalOptions;
use first_party::FirstParty;
use image::Request;
use release::ReleaseOptions;
use source::{Source, host_architecture};
use std::path::PathBuf;
use std::process::ExitCode;
use tools::Tools;
use variant::Variant;

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
    let source = Source::find(cli.source.as_deref(), cli.cache.as_deref())?;
    match cli.command {
        Command::Image {
            target,
            packages,
            compression,
            external,
            release,
            output,
            accept_executables,
        } => {
            let request = Request {
                external,
                release,
                accept_executables,
                ..request(&source, &target, &packages)?
            };
            let output = output.unwrap_or_else(|| request.folder());
            image::build(&request, compression.compression(), &output)?;
            inspect::print(&output)
        }
        Command::Artefacts(options) => {
            let folder = built(
                &source,
                options.image.as_ref(),
                &options.target,
                &options.packages,
            )?;
            let tools = image_tools(&source, &options.packages, &options.tools)?;
            artefacts::make(&source, &options, &folder, &tools)
        }
        Command::Flash {
            image,
            disk,
            wipe,
            user_data,
            user_data_url,
        } => flash::flash(&image, &disk, wipe, user_data.as_deref(), user_data_url),
        Command::ImportAmi(options) => {
            let packages = PackageOptions::default();
            let folder = built(&source, options.image.as_ref(), &options.target, &packages)?;
            ami::import(&source, &options, &folder)
        }
        Command::Rootfs {
            target,
            packages,
            external,
            release,
            accept_executables,
        } => {
            let request = Request {
                external,
                release,
                accept_executables,
                ..request(&source, &target, &packages)?
            };
            println!("{}", image::root(&request, &request.folder())?.display());
            Ok(())
        }
        Command::Assemble(options) => {
            assemble::build(&source, &options)?;
            inspect::print(&options.output)
        }
        Command::Policy {
            variant,
            output,
            tools,
        } => {
            let variant = Variant::read(&source, &variant)?;
            policy::make(&source, &variant, &output, &tools.here()?)?;
            println!("{}", output.display());
            Ok(())
        }
        Command::Contents {
            target,
            first_party,
            packages,
            tools,
        } => {
            let variant = variant(&source, &target)?;
            let pieces = match first_party {
                Some(folder) => FirstParty::open(&folder)?.pieces(&variant.name, target.arch)?,
                None => {
                    let tools = image_tools(&source, &packages, &tools)?;
                    Pieces::of_source(&source, &variant, target.arch, &tools)?
                }
            };
            let contents = contents::of(&source, &variant, target.arch, &pieces)?;
            print!("{}", contents.to_json());
            Ok(())
        }
        Command::Parity {
            first_party,
            arch,
            packages,
            tools,
        } => {
            let tools = image_tools(&source, &packages, &tools)?;
            let comparison =
                parity::compare(&source, &FirstParty::open(&first_party)?, arch, &tools)?;
            print!("{}", comparison.table());
            let complaints = comparison.complaints();
            if !complaints.is_empty() {
                bail!("the builders differ:\n{complaints}");
            }
            Ok(())
        }
        Command::Container(options) => {
            println!("{}", containers::make(&source, &options)?.display());
            Ok(())
        }
        Command::Programs {
            arch,
            names,
            packages,
        } => {
            let folder = programs::build_some(&source, arch, &packages.policy(), &names)?;
            println!("{}", folder.display());
            Ok(())
        }
        Command::Migrations { arch, packages } => {
            let folder = programs::build_migrations(&source, arch, &packages.policy())?;
            println!("{}", folder.display());
            Ok(())
        }
        Command::Packages {
            group,
            arch,
            packages,
        } => {
            let arch = match (arch, &*group) {
                (Some(arch), _) => arch,
                (None, group) if packages::are_run_here(group) => host_architecture()?,
                (None, _) => disk::Architecture::X86_64,
            };
            let tree = packages::unpacked(&source, &group, arch, &packages.policy())?;
            println!("{}", tree.display());
            Ok(())
        }
        Command::Run {
            target,
            packages,
            user_data,
        } => {
            let request = request(&source, &target, &packages)?;
            run::run(
                &request.folder(),
                target.arch.name(),
                packages::tools(&source, &packages.policy())?,
                user_data.as_deref(),
            )
        }
        Command::Inspect { folder } => inspect::print(&folder),
        Command::Lock {
            arch,
            packages,
            groups,
        } => packages::refresh(&source, arch, &packages.policy(), &groups),
    }
}

/// The given tools, else the pinned ones.
fn image_tools(source: &Source, packages: &PackageOptions, tools: &ToolOptions) -> Result<Tools> {
    match tools.existing()? {
        Some(tools) => Ok(tools),
        None => packages::tools(source, &packages.policy()),
    }
}

/// The folder of a built image: the given one, else that of a target.
fn built(
    source: &Source,
    given: Option<&PathBuf>,
    target: &Target,
    packages: &PackageOptions,
) -> Result<PathBuf> {
    match given {
        Some(folder) => Ok(folder.clone()),
        None => Ok(request(source, target, packages)?.folder()),
    }
}

/// The variant of a target, with what is added to it.
fn variant(source: &Source, target: &Target) -> Result<Variant> {
    Variant::read(source, &target.variant)?.with(source, &target.with)
}

fn request<'a>(
    source: &'a Source,
    target: &Target,
    packages: &PackageOptions,
) -> Result<Request<'a>> {
    Ok(Request {
        source,
        variant: variant(source, target)?,
        architecture: target.arch,
        packages: packages.policy(),
        external: ExternalOptions::default(),
        release: ReleaseOptions::default(),
        accept_executables: false,
    })
}
