//! What a builder puts into a variant, as an account that two builders can be
//! compared by. Third-party packages are not needed for it.

mod overlay;

use crate::source::Source;
use crate::variant::Variant;
use crate::{parameters, policy, release, requirements};
use anyhow::{Context, Result};
use disk::{Architecture, Place};
use rootfs::{InstalledPolicy, ModuleLists, Options, Software};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tools::Tools;

/// The program that is in each initramfs, and in no software set.
pub(crate) const INIT: &str = "initramfs-init";
/// The program that is it in the installer.
pub(crate) const INSTALLER: &str = "install-to-disk";

/// Our own part of an image, from the source tree or as another builder
/// installed it.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// The folder of the programs; `None` stands for all there are to build.
    pub(crate) programs: Option<PathBuf>,
    /// The folder with an overlay for each software set.
    pub(crate) overlays: PathBuf,
    /// Digests of the policy's parts, none if there is no policy.
    pub(crate) policy: BTreeMap<&'static str, String>,
    /// The kernel options asked for.
    pub(crate) kernel_options: Options,
}

impl Pieces {
    /// Those that the source tree defines. The policy is compiled.
    pub(crate) fn of_source(
        source: &Source,
        variant: &Variant,
        architecture: Architecture,
        tools: &Tools,
    ) -> Result<Pieces> {
        let work = tempfile::tempdir().context("failed to make a folder for the policy")?;
        Ok(Pieces {
            programs: None,
            overlays: source.conf().join("rootfs"),
            policy: policy_digests(&policy::make(source, variant, work.path(), tools)?)?,
            kernel_options: requirements::required(source, architecture)?,
        })
    }
}

/// The account. Digests are SHA-256 in hexadecimal.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Contents {
    variant: String,
    architecture: &'static str,
    version: String,
    software: Vec<String>,
    /// First-party programs with their applets.
    pub(crate) programs: BTreeMap<String, Vec<String>>,
    /// The allow-list of everything else.
    pub(crate) third_party: AllowList,
    /// Units by the target that wants or requires them.
    pub(crate) services: BTreeMap<String, BTreeSet<String>>,
    /// Units that never start.
    pub(crate) masked: BTreeSet<String>,
    /// The overlays' files by path: a digest, or `-> TARGET` for a link.
    pub(crate) configuration: BTreeMap<String, String>,
    /// Digests of the policy's parts by name.
    pub(crate) policy: BTreeMap<&'static str, String>,
    /// Required kernel options, with `y`, `m`, `n` or a value.
    pub(crate) kernel_options: BTreeMap<String, String>,
    /// Kernel modules by list, each in its order.
    pub(crate) kernel_modules: BTreeMap<&'static str, Vec<String>>,
    /// Kernel parameters, without those that name the root.
    pub(crate) kernel_parameters: Vec<String>,
    /// The shipped partitions.
    pub(crate) partitions: Vec<Place>,
}

/// A list of files that is too long to repeat.
#[derive(Debug, Serialize)]
pub(crate) struct AllowList {
    /// How many entries it has.
    pub(crate) count: usize,
    /// A digest of them all.
    pub(crate) sha256: String,
}

impl Contents {
    /// The same, of another version of the system.
    pub(crate) fn of_version(self, version: &str) -> Self {
        let version = version.to_owned();
        Self { version, ..self }
    }

    /// As JSON, with a line end.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("an account is plain data") + "\n"
    }
}

/// Makes the account of a variant.
pub(crate) fn of(
    source: &Source,
    variant: &Variant,
    architecture: Architecture,
    pieces: &Pieces,
) -> Result<Contents> {
    let sets = &variant.software;
    let modules = source.conf().join("kernel/modules.toml");
    let modules = ModuleLists::read(&modules, architecture.name())?;
    let mut services = BTreeMap::new();
    let mut configuration = BTreeMap::new();
    for set in sets {
        for (target, units) in &set.services {
            let wanted: &mut BTreeSet<_> = services.entry(target.clone()).or_default();
            wanted.extend(units.iter().cloned());
        }
        let folder = pieces.overlays.join(&set.name);
        if folder.is_dir() {
            configuration.extend(overlay::digests(&folder)?);
        }
    }
    for (target, unit) in configuration
        .keys()
        .filter_map(|path| overlay::wanted(path))
    {
        services.entry(target).or_default().insert(unit);
    }
    let options = pieces.kernel_options.iter();
    Ok(Contents {
        variant: variant.name.clone(),
        architecture: architecture.name(),
        version: release::VERSION.to_owned(),
        software: sets.iter().map(|set| set.name.clone()).collect(),
        programs: programs(sets, pieces.programs.as_deref()),
        third_party: allow_list(sets),
        services,
        masked: sets.iter().flat_map(|set| set.masked.clone()).collect(),
        configuration,
        policy: pieces.policy.clone(),
        kernel_options: options
            .map(|(o, v)| (o.to_owned(), v.to_string()))
            .collect(),
        kernel_modules: BTreeMap::from([
            ("initramfs", modules.initramfs),
            ("initramfs-devices", modules.initramfs_devices),
            ("root", modules.root),
        ]),
        kernel_parameters: parameters::of(source, variant, architecture)?,
        partitions: disk::places(architecture, variant.sizes).into(),
    })
}

fn programs(sets: &[Software], folder: Option<&Path>) -> BTreeMap<String, Vec<String>> {
    let mut programs = BTreeMap::from([INIT, INSTALLER].map(|name| (name.to_owned(), Vec::new())));
    for (name, applets) in sets.iter().flat_map(|set| &set.programs) {
        let known: &mut Vec<String> = programs.entry(name.clone()).or_default();
        known.extend(applets.iter().cloned());
    }
    if let Some(folder) = folder {
        programs.retain(|name, _| folder.join(name).is_file());
    }
    programs
}

fn allow_list(sets: &[Software]) -> AllowList {
    let mut lines = Vec::new();
    for set in sets {
        lines.extend(set.files.iter().map(|file| format!("file {file}\n")));
        for (name, external) in &set.external {
            lines.push(format!("external {name} {}\n", external.path.display()));
        }
        lines.extend(set.libraries.iter().map(|name| format!("library {name}\n")));
        lines.extend(set.links.iter().map(|(at, to)| format!("link {at} {to}\n")));
    }
    AllowList {
        count: lines.len(),
        sha256: digest(lines.concat()),
    }
}

/// Digests of a policy's parts by name.
pub(crate) fn policy_digests(policy: &InstalledPolicy) -> Result<BTreeMap<&'static str, String>> {
    let digest = |path: &Path| files::read(path).map(digest);
    Ok(BTreeMap::from([
        ("policy.33", digest(&policy.binary())?),
        ("file_contexts", digest(&policy.file_contexts())?),
    ]))
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(content: impl AsRef<[u8]>) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|b| format!("{b:02x}")).collect()
}
