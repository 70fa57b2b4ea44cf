//! What a build calls itself.

use crate::source::Source;
use anyhow::{Context, Result};
use clap::Args;
use semver::Version;
use std::path::PathBuf;
use std::process::Command;

/// The version of the operating system is that of the workspace.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Without a repository to ask: the start of 2026.
const FALLBACK_EPOCH: u64 = 1_767_225_600;

/// The time that every file of the image carries, in seconds since 1970:
/// `SOURCE_DATE_EPOCH` if set, else that of the last commit. Clocks that start
/// earlier are set to it at boot.
pub(crate) fn epoch(source: &Source) -> Result<u64> {
    Ok(known_epoch(source)?.unwrap_or(FALLBACK_EPOCH))
}

/// The same, where somebody else has to know it: there is no fallback.
pub(crate) fn required_epoch(source: &Source) -> Result<u64> {
    known_epoch(source)?.with_context(|| {
        format!(
            "the time of the image's files is unknown: {} is in no git repository\n\
             hint: set SOURCE_DATE_EPOCH to a number of seconds since 1970",
            source.root().display()
        )
    })
}

fn known_epoch(source: &Source) -> Result<Option<u64>> {
    if let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") {
        let seconds = text
            .parse()
            .with_context(|| format!("SOURCE_DATE_EPOCH is `{text}`, not a number of seconds"))?;
        return Ok(Some(seconds));
    }
    Ok(git(source, &["log", "-1", "--format=%ct"]).and_then(|t| t.parse().ok()))
}

/// What a build is called: the commit of the sources, if git knows it.
pub(crate) fn build_id(source: &Source) -> String {
    let describe = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=12",
        "--exclude=*",
    ];
    git(source, &describe).unwrap_or_else(|| "unknown".to_owned())
}

/// What an image is, and whose updates it takes.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// The version of the operating system.
    pub(crate) version: String,
    /// What the build is called.
    pub(crate) build_id: String,
    /// The root of trust of a repository of updates.
    pub(crate) update_root: Option<PathBuf>,
    /// Folders that are laid over the root file system.
    pub(crate) overlays: Vec<PathBuf>,
}

/// What of a release can be chosen.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReleaseOptions {
    /// Version of the operating system [default: that of the sources].
    #[arg(long, value_name = "VERSION")]
    pub(crate) os_version: Option<Version>,
    /// Root of trust (root.json) of the repository that updates come from.
    #[arg(long, value_name = "FILE")]
    pub(crate) update_root: Option<PathBuf>,
    /// Lay a folder over the root file system: for trials, such as of a version
    /// that does not start.
    #[arg(long, value_name = "DIR")]
    pub(crate) overlay: Vec<PathBuf>,
}

impl ReleaseOptions {
    /// The release of a build of that name.
    pub(crate) fn release(&self, build_id: String) -> Release {
        let version = self.os_version.as_ref().map(Version::to_string);
        Release {
            version: version.unwrap_or_else(|| VERSION.to_owned()),
            build_id,
            update_root: self.update_root.clone(),
            overlays: self.overlay.clone(),
        }
    }
}

impl Release {
    /// `/usr/lib/os-release` (os-release(5)).
    pub(crate) fn os_release(&self, variant: &str) -> String {
        let Self {
            version, build_id, ..
        } = self;
        format!(
            "NAME=Bottlerocket\nID=bottlerocket\nPRETTY_NAME=\"Bottlerocket OS {version} ({variant})\"\n\
             VARIANT_ID={variant}\nVERSION_ID={version}\nBUILD_ID={build_id}\n"
        )
    }
}

fn git(source: &Source, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(source.root()).args(arguments);
    let text = process::stdout(&mut git).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
