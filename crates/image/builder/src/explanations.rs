//! `conf/parity.toml`: where the builders differ, and why.

use crate::source::Source;
use anyhow::{Context, Result, ensure};
use disk::Architecture;
use glob::Pattern;
use serde::Deserialize;
use std::fmt;

/// One of the two ways to build the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Builder {
    /// `image-builder image`, on Debian packages.
    ImageBuilder,
    /// BitBake, which ends in `image-builder assemble`.
    #[serde(rename = "bitbake")]
    BitBake,
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Builder::ImageBuilder => "image-builder",
            Builder::BitBake => "bitbake",
        })
    }
}

/// The accepted differences.
#[derive(Debug, Default)]
pub(crate) struct Explanations {
    list: Vec<Explanation>,
}

/// Why a difference is acceptable.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// What differs, as `GROUP/NAME` with wildcards.
    pub(crate) item: Pattern,
    /// The builder that departs from the definition, if not either.
    pub(crate) builder: Option<Builder>,
    /// The variant, if not each.
    pub(crate) variant: Option<String>,
    /// The reason.
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    difference: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    item: String,
    builder: Option<Builder>,
    variant: Option<String>,
    architecture: Option<String>,
    reason: String,
}

impl Explanations {
    /// Reads those for an architecture from a source tree.
    pub(crate) fn read(source: &Source, architecture: Architecture) -> Result<Explanations> {
        let path = source.conf().join("parity.toml");
        Explanations::parse(&files::read_to_string(&path)?, architecture)
            .with_context(|| format!("failed to read {}", path.display()))
    }

    pub(crate) fn parse(text: &str, architecture: Architecture) -> Result<Explanations> {
        let file: File = toml::from_str(text)?;
        let mut list = Vec::new();
        for entry in file.difference {
            let Entry {
                item,
                builder,
                variant,
                architecture: of,
                reason,
            } = entry;
            ensure!(!reason.trim().is_empty(), "`{item}` has an empty reason");
            let of = of.map(|name| name.parse::<Architecture>());
            let of = of.transpose().map_err(anyhow::Error::msg)?;
            if of.is_some_and(|of| of != architecture) {
                continue;
            }
            list.push(Explanation {
                item: Pattern::new(&item).with_context(|| format!("not a pattern: `{item}`"))?,
                builder,
                variant,
                reason,
            });
        }
        Ok(Explanations { list })
    }

    /// The place in the list of what explains a difference.
    pub(crate) fn find(&self, item: &str, builder: Builder, variant: &str) -> Option<usize> {
        self.list.iter().position(|e| {
            e.item.matches(item)
                && e.builder.is_none_or(|b| b == builder)
                && e.variant.as_deref().is_none_or(|v| v == variant)
        })
    }

    /// All of them, in order.
    pub(crate) fn list(&self) -> &[Explanation] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_is_for_what_it_names() {
        let explanations = Explanations::parse(
            r#"
            [[difference]]
            item = "kernel/CONFIG_A"
            builder = "image-builder"
            reason = "one"
            [[difference]]
            item = "file/usr/lib/*"
            variant = "metal-dev"
            reason = "two"
            [[difference]]
            item = "program/a"
            architecture = "aarch64"
            reason = "three"
            "#,
            Architecture::X86_64,
        )
        .unwrap();
        let (ours, theirs) = (Builder::ImageBuilder, Builder::BitBake);
        let table = [
            ("kernel/CONFIG_A", ours, "floor", Some(0)),
            ("kernel/CONFIG_A", theirs, "floor", None),
            ("kernel/CONFIG_AB", ours, "floor", None),
            ("file/usr/lib/a/b", theirs, "metal-dev", Some(1)),
            ("file/usr/lib/a/b", theirs, "floor", None),
            ("program/a", theirs, "floor", None),
        ];
        for (item, builder, variant, expected) in table {
            let found = explanations.find(item, builder, variant);
            assert_eq!(found, expected, "{item} {builder} {variant}");
        }
    }

    #[test]
    fn mistakes_are_refused() {
        let table = [
            "[[difference]]\nitem = \"a\"\n",
            "[[difference]]\nitem = \"a\"\nreason = \" \"\n",
            "[[difference]]\nitem = \"a***\"\nreason = \"b\"\n",
            "[[difference]]\nitem = \"a\"\nreason = \"b\"\nbuilder = \"make\"\n",
            "[[difference]]\nitem = \"a\"\nreason = \"b\"\narchitecture = \"vax\"\n",
            "[[difference]]\nitem = \"a\"\nreason = \"b\"\nwhy = \"c\"\n",
        ];
        for text in table {
            assert!(
                Explanations::parse(text, Architecture::X86_64).is_err(),
                "{text}"
            );
        }
    }
}
