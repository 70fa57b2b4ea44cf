//! Debian packages: locked, fetched, unpacked once and kept.

use crate::progress::Step;
use crate::source::{Source, host_architecture};
use anyhow::{Context, Result, bail};
use debian::{Apt, Group, Lock, Mirror};
use disk::Architecture;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tools::Tools;

/// The group of what images are made and run with.
pub(crate) const TOOLS: &str = "tools";

/// What compilers for an architecture, and emulators of it, are called.
pub(crate) const COMPILER: &str = "compiler-";
const EMULATOR: &str = "emulator-";

/// Whether the programs of a group are run on this machine.
pub(crate) fn are_run_here(group: &str) -> bool {
    group == TOOLS
        || [COMPILER, EMULATOR]
            .iter()
            .any(|kind| group.starts_with(kind))
}

/// How to deal with mirrors.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// The mirror to use in place of the host's.
    pub(crate) mirror: Option<String>,
    /// Whether only the pinned versions will do.
    pub(crate) locked: bool,
}

/// A group of `conf/debian/packages.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Of which machines there are such packages; all, where none is named.
    #[serde(default)]
    architectures: Vec<String>,
    suites: Vec<String>,
    packages: Vec<String>,
}

/// The tree of a group's unpacked packages, made when there is none yet.
pub(crate) fn unpacked(
    source: &Source,
    group: &str,
    architecture: Architecture,
    policy: &Policy,
) -> Result<PathBuf> {
    let path = lock_path(source, architecture);
    let lock = Lock::read(&path)?;
    let wanted = wanted(source, architecture)?;
    let wanted = wanted.get(group).with_context(|| {
        let architecture = architecture.name();
        format!("conf/debian/packages.toml has no group `{group}` for {architecture}")
    })?;
    let locked = match lock.groups.get(group) {
        Some(locked) if locked.suites == wanted.suites && locked.wanted == wanted.packages => {
            locked
        }
        _ => {
            let group = group.to_owned();
            return Err(debian::Error::Stale { path, group }.into());
        }
    };
    let tree = tree(source, architecture, group, locked);
    if debian::Contents::are_known(&tree) {
        link(source, architecture, group, &tree)?;
        return Ok(tree);
    }
    let step = Step::begin(format!(
        "downloading {} Debian packages ({group})",
        locked.packages.len()
    ));
    let apt = apt(source, &wanted.suites, architecture, policy)?;
    let (packages, tree) = match apt.fetch(locked) {
        Err(debian::Error::Gone(gone)) if !policy.locked => {
            eprintln!("    the mirror no longer has {gone}");
            eprintln!("    taking the suite's current packages instead (`--locked` forbids it)");
            apt.update()?;
            let current = apt.resolve(&wanted.packages)?;
            report_changes(locked, &current);
            (
                apt.fetch(&current)?,
                self::tree(source, architecture, group, &current),
            )
        }
        other => (other?, tree),
    };
    step.end();
    if !debian::Contents::are_known(&tree) {
        let step = Step::begin(format!("unpacking {} packages", packages.len()));
        debian::unpack(&packages, &tree)?;
        step.end();
    }
    link(source, architecture, group, &tree)?;
    Ok(tree)
}

/// The pinned image tools, for this machine.
pub(crate) fn tools(source: &Source, policy: &Policy) -> Result<Tools> {
    let tree = unpacked(source, TOOLS, host_architecture()?, policy)?;
    Ok(Tools::unpacked(&tree)?)
}

/// The options of the kernel among the packages, if those are unpacked already.
pub(crate) fn kernel_config(source: &Source, architecture: Architecture) -> Option<PathBuf> {
    let boot = source.cache(architecture).join("os/boot");
    std::fs::read_dir(boot)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with("config-")
        })
}

/// Gives the newest tree a name that others (tests, `vm`) can know.
fn link(source: &Source, architecture: Architecture, group: &str, tree: &Path) -> Result<()> {
    let target = Path::new(tree.file_name().unwrap_or_default());
    Ok(files::replace_link(
        &source.cache(architecture).join(group),
        target,
    )?)
}

/// Pins the suite's current packages: of all groups, or of those named.
pub(crate) fn refresh(
    source: &Source,
    architecture: Architecture,
    policy: &Policy,
    groups: &[String],
) -> Result<()> {
    let path = lock_path(source, architecture);
    let before = Lock::read(&path)?;
    let wanted = wanted(source, architecture)?;
    if let Some(unknown) = groups.iter().find(|group| !wanted.contains_key(*group)) {
        let known: Vec<&str> = wanted.keys().map(String::as_str).collect();
        bail!("there is no group `{unknown}`\nhint: {}", known.join(", "));
    }
    let mut lock = Lock::default();
    for (name, group) in &wanted {
        let Wanted {
            suites, packages, ..
        } = group;
        if let (false, Some(group)) = (
            groups.is_empty() || groups.contains(name),
            before.groups.get(name),
        ) {
            lock.groups.insert(name.clone(), group.clone());
            continue;
        }
        let step = Step::begin(format!("resolving packages ({name})"));
        let apt = apt(source, suites, architecture, policy)?;
        apt.update()?;
        let group = apt.resolve(packages)?;
        step.end();
        report_changes(
            &before.groups.get(name).cloned().unwrap_or_default(),
            &group,
        );
        lock.groups.insert(name.clone(), group);
    }
    lock.write(&path)?;
    println!("{}", path.display());
    Ok(())
}

fn apt(
    source: &Source,
    suites: &[String],
    architecture: Architecture,
    policy: &Policy,
) -> Result<Apt> {
    let mirror = match &policy.mirror {
        Some(url) => Mirror::named(url),
        None => Mirror::of_host()?,
    };
    let folder = source.cache(architecture).join("apt");
    Ok(Apt::new(&folder, suites, architecture.debian(), &mirror)?)
}

fn wanted(source: &Source, architecture: Architecture) -> Result<BTreeMap<String, Wanted>> {
    let path = source.conf().join("debian/packages.toml");
    let text = files::read_to_string(&path)?.replace("@ARCH@", architecture.debian());
    let mut groups: BTreeMap<String, Wanted> =
        toml::from_str(&text).with_context(|| format!("failed to read {}", path.display()))?;
    let here = architecture.name();
    groups.retain(
        |_,
         Wanted {
             architectures: of, ..
         }| { of.is_empty() || of.iter().any(|name| name == here) },
    );
    Ok(groups)
}

fn lock_path(source: &Source, architecture: Architecture) -> PathBuf {
    let name = format!("{}.lock", architecture.name());
    source.conf().join("debian").join(name)
}

/// A tree is named after its content, so that it is unpacked once and never
/// mistaken for another.
fn tree(source: &Source, architecture: Architecture, name: &str, group: &Group) -> PathBuf {
    let mut digest = Sha256::new();
    for (package, pin) in &group.packages {
        digest.update(format!("{package} {}\n", pin.sha256));
    }
    let digest: String = digest.finalize()[..6]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    source.cache(architecture).join(format!("{name}-{digest}"))
}

fn report_changes(before: &Group, after: &Group) {
    for (name, pin) in &after.packages {
        match before.packages.get(name) {
            Some(old) if old.version == pin.version => {}
            Some(old) => eprintln!("    {name} {} -> {}", old.version, pin.version),
            None => eprintln!("    {name} {} (new)", pin.version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lock_is_of_the_lists_that_there_are() {
        let source = Source::find(None, None).unwrap();
        for architecture in Architecture::ALL {
            let lock = Lock::read(&lock_path(&source, architecture)).unwrap();
            let locked = lock.groups.iter().map(|(name, group)| {
                let Group { suites, wanted, .. } = group;
                (name.clone(), suites.clone(), wanted.clone())
            });
            let wanted = wanted(&source, architecture).unwrap().into_iter();
            let wanted = wanted.map(|(name, group)| (name, group.suites, group.packages));
            let hint = "image-builder lock --arch";
            assert!(locked.eq(wanted), "{hint} {}", architecture.name());
        }
    }
}
