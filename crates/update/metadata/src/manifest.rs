//! `manifest.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Waves};

/// The name of the target that holds the manifest.
pub const MANIFEST: &str = "manifest.json";

/// All updates of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The updates, in no order.
    #[serde(default)]
    pub updates: Vec<Update>,
    /// The targets with the migrations between two versions, in the order of
    /// their running.
    #[serde(default)]
    pub migrations: BTreeMap<Step, Vec<String>>,
}

/// One version for one variant and architecture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// The variant, such as `metal-dev`.
    pub variant: String,
    /// The architecture, such as `x86_64`.
    pub arch: String,
    /// The version.
    pub version: Version,
    /// No node of the variant is to have a version above this one: those that
    /// do go back to it.
    pub max_version: Version,
    /// From when on which nodes may take it.
    #[serde(default, skip_serializing_if = "Waves::is_empty")]
    pub waves: Waves,
    /// The targets that hold it.
    pub images: Images,
}

/// The targets that hold the parts of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Images {
    /// What the firmware boots: kernel, initramfs and command line.
    pub boot: String,
    /// The root file system.
    pub root: String,
    /// Its hash tree.
    pub hash: String,
}

/// From one version to another; in JSON the text `(1.0.0, 1.1.0)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The version before.
    pub from: Version,
    /// The version after.
    pub to: Version,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// If it is not one, or its waves make no sense.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let manifest: Self = serde_json::from_slice(bytes)?;
        for update in &manifest.updates {
            update.waves.check(&update.version.to_string())?;
        }
        Ok(manifest)
    }

    /// Writes it.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a manifest is plain data") + "\n"
    }

    /// The migrations that bring settings from one version to another, in the
    /// order of their running: forward as listed, backward the other way round.
    /// Of the steps that lead there, the shortest chain counts; without one there
    /// is nothing to migrate.
    pub fn migrations(&self, from: &Version, to: &Version) -> Vec<String> {
        match from <= to {
            true => self.chain(from, to),
            false => {
                let mut chain = self.chain(to, from);
                chain.reverse();
                chain
            }
        }
    }

    /// The target with a migration's program: it is made for an architecture,
    /// as its name here is not.
    pub fn migration_target(name: &str, arch: &str) -> String {
        format!("{name}-{arch}")
    }

    /// Walks the versions that steps begin at, always as far as they lead, and
    /// never further than asked.
    fn chain(&self, from: &Version, to: &Version) -> Vec<String> {
        let mut at = from.clone();
        let mut chain = Vec::new();
        while at < *to {
            let next = self
                .migrations
                .iter()
                .filter(|(step, _)| step.from >= at && step.to > step.from && step.to <= *to)
                .min_by(|(a, _), (b, _)| (&a.from, &b.to).cmp(&(&b.from, &a.to)));
            let Some((step, targets)) = next else { break };
            chain.extend(targets.iter().cloned());
            at = step.to.clone();
        }
        chain
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.from, self.to)
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{}` is not of the form `(1.0.0, 1.1.0)`",
                text.escape_debug()
            )
        };
        let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
        let (from, to) = inner.and_then(|t| t.split_once(',')).ok_or_else(wrong)?;
        let version = |text: &str| Version::parse(text.trim()).map_err(|_| wrong());
        let (from, to) = (version(from)?, version(to)?);
        Ok(Self { from, to })
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
