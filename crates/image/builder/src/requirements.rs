//! What we require of a kernel, whoever built it.

use crate::explanations::{Builder, Explanations};
use crate::source::Source;
use anyhow::{Result, bail};
use disk::Architecture;
use rootfs::Options;
use std::path::Path;

/// The group of kernel options in the list of differences.
pub(crate) const GROUP: &str = "kernel";
/// The group of programs that are not compiled as others are, by path.
pub(crate) const HARDENING: &str = "hardening";

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
    let explanations = Explanations::read(source, architecture)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_is_from_a_requirement() {
        let source = Source::find(None, None).unwrap();
        let required = Architecture::ALL.map(|a| required(&source, a).unwrap());
        let explanations = Architecture::ALL.map(|a| Explanations::read(&source, a).unwrap());
        for explanation in explanations.iter().flat_map(Explanations::list) {
            let item = explanation.item.as_str();
            if let Some(option) = item.strip_prefix("kernel/") {
                let known = required.iter().any(|options| options.get(option).is_some());
                assert!(known || option.contains('*'), "{option}");
            }
        }
    }

    #[test]
    fn a_kernel_without_what_is_required_is_refused_with_what_it_lacks() {
        let source = Source::find(None, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        let write = |change: &str| {
            let mut text = String::new();
            for (option, value) in required(&source, Architecture::X86_64).unwrap().iter() {
                text += &format!("{option}={value}\n");
            }
            std::fs::write(&config, text + change).unwrap();
        };
        let check = |builder| check(&source, Architecture::X86_64, "metal-dev", builder, &config);
        let (ours, theirs) = (Builder::ImageBuilder, Builder::BitBake);
        let table = [
            ("", ours, None),
            (
                "CONFIG_DM_VERITY=n\n",
                ours,
                Some("CONFIG_DM_VERITY is n, required is m"),
            ),
            // Explained for Debian's kernel alone.
            ("CONFIG_MODULE_SIG_ALL=n\n", ours, None),
            (
                "CONFIG_MODULE_SIG_ALL=n\n",
                theirs,
                Some("CONFIG_MODULE_SIG_ALL is n"),
            ),
        ];
        for (change, builder, expected) in table {
            write(change);
            match (check(builder), expected) {
                (Ok(()), None) => {}
                (Err(error), Some(text)) => assert!(error.to_string().contains(text), "{error}"),
                (other, _) => panic!("{change} {builder}: {other:?}"),
            }
        }
    }
}
