//! What we require of a kernel, whoever built it.

use crate::explanations::{Builder, Explanations};
use crate::source::Source;
use anyhow::{Result, bail};
use disk::Architecture;
use rootfs::Options;
use std::path::Path;

/// The group of kernel options in the list of differences.
pub(crate) const GROUP: &str = "kernel";

/// The options that fragments in a folder ask for on an architecture.
pub(crate) fn fragments(folder: &Path, architecture: Architecture) -> Result<Options> {
    let others: Vec<&str> = Architecture::ALL
        .iter()
        .filter(|other| **other != architecture)
        .map(|other| other.name())
        .collect();
    Ok(Options::read_fragments(folder, &others)?)
}

/// The options that `conf/kernel` asks for.
pub(crate) fn required(source: &Source, architecture: Architecture) -> Result<Options> {
    fragments(&source.conf().join("kernel"), architecture)
}

/// Refuses a kernel that departs from what is required without a reason in
/// `conf/parity.toml`.
pub(crate) fn check(
    source: &Source,
    architecture: Architecture,
    variant: &str,
    builder: Builder,
    config: &Path,
) -> Result<()> {
    let kernel = Options::read(config)?;
    let explanations = Explanations::read(source)?;
    let unmet: Vec<String> = required(source, architecture)?
        .unmet(&kernel)
        .iter()
        .filter(|deviation| {
            let item = format!("{GROUP}/{}", deviation.option);
            explanations.find(&item, builder, variant).is_none()
        })
        .map(|deviation| format!("  {deviation}"))
        .collect();
    if unmet.is_empty() {
        return Ok(());
    }
    bail!(
        "the kernel with the options of {} lacks what conf/kernel/*.cfg requires:\n{}\n\
         hint: build it with these options, or say in conf/parity.toml why {builder} departs from them",
        config.display(),
        unmet.join("\n")
    )
}
