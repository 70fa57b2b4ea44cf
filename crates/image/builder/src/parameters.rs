//! Kernel parameters that all variants have.

use crate::source::Source;
use crate::variant::Variant;
use anyhow::{Context, Result};
use disk::Architecture;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    all: Vec<String>,
    only: BTreeMap<String, Vec<String>>,
}

/// The kernel parameters of a variant on an architecture: those of all, those of the
/// architecture, and the variant's own.
pub(crate) fn of(
    source: &Source,
    variant: &Variant,
    architecture: Architecture,
) -> Result<Vec<String>> {
    let path = source.conf().join("kernel/parameters.toml");
    let mut file: File = toml::from_str(&files::read_to_string(&path)?)
        .with_context(|| format!("failed to read {}", path.display()))?;
    let mut parameters = file.all;
    parameters.extend(file.only.remove(architecture.name()).unwrap_or_default());
    parameters.extend(variant.kernel_parameters.iter().cloned());
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serial_port_is_the_last_console() {
        let source = Source::find(None, None).unwrap();
        let variant = Variant::read(&source, "metal-dev").unwrap();
        for (architecture, port) in [
            (Architecture::X86_64, "ttyS0"),
            (Architecture::Aarch64, "ttyAMA0"),
        ] {
            let parameters = of(&source, &variant, architecture).unwrap();
            let mut consoles = parameters
                .iter()
                .filter_map(|word| word.strip_prefix("console="));
            let last = consoles.next_back().unwrap();
            assert!(last.starts_with(port), "{last}");
        }
    }
}
