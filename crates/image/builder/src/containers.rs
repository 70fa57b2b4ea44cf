//! Images of host containers.

use crate::first_party::FirstParty;
use crate::packages::{self, Policy};
use crate::progress::Step;
use crate::source::Source;
use crate::{cli, programs, release};
use anyhow::{Context, Result};
use disk::Architecture;
use rootfs::Container;
use std::path::{Path, PathBuf};

/// Where the parts of a container come from.
#[derive(Debug)]
pub(crate) struct Parts {
    /// A tree of unpacked packages.
    pub(crate) packages: PathBuf,
    /// The folder of our programs.
    pub(crate) programs: PathBuf,
}

/// Makes the image that the command line asks for, and returns its archive.
pub(crate) fn make(source: &Source, options: &cli::Container) -> Result<PathBuf> {
    let container = read(source, &options.name)?;
    let policy = options.sources.policy();
    let parts = Parts {
        packages: match &options.packages {
            Some(tree) => tree.clone(),
            None => packages::unpacked(source, &container.packages, options.arch, &policy)?,
        },
        programs: match &options.first_party {
            Some(prefix) => FirstParty::open(prefix)?.programs(),
            None => programs::build(source, options.arch, &policy)?,
        },
    };
    let folder = match &options.output {
        Some(folder) => folder.clone(),
        None => folder(source, options.arch),
    };
    build(source, &options.name, options.arch, &parts, &folder)
}

/// Makes the images that a variant carries, on Debian packages.
pub(crate) fn carried(
    source: &Source,
    names: &[String],
    architecture: Architecture,
    policy: &Policy,
    programs: &Path,
) -> Result<Vec<PathBuf>> {
    let make = |name: &String| {
        let group = read(source, name)?.packages;
        let parts = Parts {
            packages: packages::unpacked(source, &group, architecture, policy)?,
            programs: programs.to_owned(),
        };
        let folder = folder(source, architecture);
        build(source, name, architecture, &parts, &folder)
    };
    names.iter().map(make).collect()
}

/// The trees of packages that the named containers are made of.
pub(crate) fn trees(
    source: &Source,
    names: &[String],
    architecture: Architecture,
    policy: &Policy,
) -> Result<Vec<PathBuf>> {
    let tree = |name: &String| {
        let group = read(source, name)?.packages;
        packages::unpacked(source, &group, architecture, policy)
    };
    names.iter().map(tree).collect()
}

/// The name by which settings ask for what the node carries.
fn image_name(name: &str) -> String {
    format!("localhost/bottlerocket-{name}:latest")
}

/// Where the archive of a container is, in a folder of such.
pub(crate) fn archive(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("bottlerocket-{name}.tar"))
}

fn folder(source: &Source, architecture: Architecture) -> PathBuf {
    source.build().join("containers").join(architecture.name())
}

fn read(source: &Source, name: &str) -> Result<Container> {
    let known = || crate::variant::names(source, "containers");
    let path = source
        .conf()
        .join("containers")
        .join(format!("{name}.toml"));
    if !path.exists() {
        let known = known()?.join(", ");
        anyhow::bail!("there is no container `{name}`\nhint: one of {known}");
    }
    Ok(Container::read(&source.conf(), name)?)
}

fn build(
    source: &Source,
    name: &str,
    architecture: Architecture,
    parts: &Parts,
    folder: &Path,
) -> Result<PathBuf> {
    let step = Step::begin(format!("container {name}"));
    let container = read(source, name)?;
    files::create_dir_all(folder)?;
    let work = tempfile::tempdir_in(folder).context("failed to make a folder for the root")?;
    let root = work.path().join("root");
    let overlay = source.conf().join("containers").join(name);
    container.build(&parts.packages, &parts.programs, &overlay, &root)?;
    let output = archive(folder, name);
    let inputs = oci_archive::Inputs {
        root: &root,
        name: &image_name(name),
        entrypoint: &container.image.entrypoint,
        architecture: architecture.debian(),
        epoch: release::epoch(source)?,
    };
    oci_archive::archive(&inputs, &output)?;
    step.end();
    Ok(output)
}
