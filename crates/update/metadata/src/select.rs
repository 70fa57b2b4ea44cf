//! Which update a node takes.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use semver::Version;

use crate::{Manifest, Update};

/// The version that a node is to have (setting `updates.version-lock`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Lock {
    /// The newest.
    #[default]
    Latest,
    /// This one.
    Version(Version),
}

impl FromStr for Lock {
    type Err = semver::Error;

    fn from_str(text: &str) -> Result<Self, semver::Error> {
        match text {
            "latest" => Ok(Self::Latest),
            version => {
                Version::parse(version.strip_prefix('v').unwrap_or(version)).map(Self::Version)
            }
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Version(version) => write!(f, "{version}"),
        }
    }
}

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its variant.
    pub variant: String,
    /// Its architecture.
    pub arch: String,
    /// The version it runs.
    pub version: Version,
    /// Its place in the waves.
    pub seed: u32,
    /// The version that it is to have.
    pub lock: Lock,
    /// Whether it takes no part in waves.
    pub ignore_waves: bool,
    /// Versions that it has tried, and that were not good.
    pub failed: BTreeSet<Version>,
    /// What its clock says.
    pub now: Timestamp,
}

/// The update that a node takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<'a> {
    /// The update.
    pub update: &'a Update,
    /// Whether it is a way back, because the version that runs was withdrawn.
    pub forced: bool,
}

/// Why a node takes none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoUpdate {
    /// There is nothing for nodes of this kind.
    #[error("the repository has nothing for {variant} on {arch}")]
    NotForThis {
        /// The variant.
        variant: String,
        /// The architecture.
        arch: String,
    },
    /// It has the newest already.
    #[error("{0} is the newest version there is")]
    UpToDate(Version),
    /// It has the version it is locked to.
    #[error("the node has {0}, which updates.version-lock asks for")]
    Locked(Version),
    /// The version that it is locked to is not there.
    #[error("updates.version-lock asks for {0}, which the repository does not have")]
    NoSuchVersion(Version),
    /// It has been tried here.
    #[error(
        "{0} was tried on this node, and was not good; \
         hint: with updates.version-lock = \"{0}\" it is tried again"
    )]
    Failed(Version),
    /// Its wave has not begun.
    #[error("{version} comes to this node (seed {seed}) at {ready}")]
    Wave {
        /// The update that waits.
        version: Version,
        /// The node's place in the waves.
        seed: u32,
        /// When it will be ready.
        ready: Timestamp,
    },
}

/// The updates of a manifest that are for a node, newest first.
pub fn applicable<'a>(manifest: &'a Manifest, node: &Node) -> Vec<&'a Update> {
    let mut updates: Vec<&Update> = manifest
        .updates
        .iter()
        .filter(|update| update.variant == node.variant && update.arch == node.arch)
        .filter(|update| update.version <= update.max_version)
        .collect();
    updates.sort_by(|a, b| b.version.cmp(&a.version));
    updates
}

/// The update that a node takes now.
///
/// # Errors
///
/// Why it takes none.
pub fn select<'a>(manifest: &'a Manifest, node: &Node) -> Result<Choice<'a>, NoUpdate> {
    let updates = applicable(manifest, node);
    let Some(max_version) = updates.iter().map(|update| &update.max_version).max() else {
        return Err(NoUpdate::NotForThis {
            variant: node.variant.clone(),
            arch: node.arch.clone(),
        });
    };
    if let Lock::Version(wanted) = &node.lock {
        if *wanted == node.version {
            return Err(NoUpdate::Locked(node.version.clone()));
        }
        let update = updates.iter().find(|update| update.version == *wanted);
        let update = update.ok_or_else(|| NoUpdate::NoSuchVersion(wanted.clone()))?;
        waits(update, node)?;
        return Ok(Choice {
            update,
            forced: false,
        });
    }
    // What was withdrawn is left, whatever the wave.
    let forced = node.version > *max_version;
    let mut waiting = None;
    for update in updates {
        if forced {
            return Ok(Choice { update, forced });
        }
        if update.version <= node.version {
            break;
        }
        let may = match node.failed.contains(&update.version) {
            true => Err(NoUpdate::Failed(update.version.clone())),
            false => waits(update, node),
        };
        match may {
            Ok(()) => return Ok(Choice { update, forced }),
            Err(reason) => waiting = waiting.or(Some(reason)),
        }
    }
    Err(waiting.unwrap_or_else(|| NoUpdate::UpToDate(node.version.clone())))
}

fn waits(update: &Update, node: &Node) -> Result<(), NoUpdate> {
    match update.waves.ready_at(node.seed) {
        Some(ready) if !node.ignore_waves && node.now < ready => Err(NoUpdate::Wave {
            version: update.version.clone(),
            seed: node.seed,
            ready,
        }),
        _ => Ok(()),
    }
}
