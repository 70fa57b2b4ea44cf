//! Composing an image of its parts: the root file system, its audit, and the
//! disk. Both builders end here; they differ in where the parts come from.

use crate::contents::{self, Pieces};
use crate::explanations::{Builder, Explanations};
use crate::external;
use crate::parameters;
use crate::progress::Step;
use crate::release::Release;
use crate::requirements::{self, HARDENING};
use crate::source::Source;
use crate::variant::Variant;
use anyhow::{Context, Result, bail};
use disk::{Architecture, Compression, Identity};
use rootfs::{FileContexts, InstalledPolicy, Kernel, KernelParts, ModuleLists};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tools::Tools;

/// An image to make, and the parts it is made of.
#[derive(Debug)]
pub(crate) struct Composition<'a> {
    /// The source tree.
    pub(crate) source: &'a Source,
    /// The variant.
    pub(crate) variant: &'a Variant,
    /// The architecture of the image.
    pub(crate) architecture: Architecture,
    /// Who made the packages' programs.
    pub(crate) builder: Builder,
    /// The tree of unpacked packages.
    pub(crate) packages: PathBuf,
    /// External programs that the packages do not have.
    pub(crate) external: external::Files,
    /// The folder of the first-party programs.
    pub(crate) programs: PathBuf,
    /// The folder with an overlay for each software set.
    pub(crate) overlays: PathBuf,
    /// Images of host containers.
    pub(crate) host_containers: Vec<PathBuf>,
    /// The policy.
    pub(crate) policy: InstalledPolicy,
    /// The kernel and its modules.
    pub(crate) kernel: Kernel,
    /// The folder of systemd's EFI programs.
    pub(crate) efi_programs: PathBuf,
    /// The image tools.
    pub(crate) tools: Tools,
    /// What it is, and whose updates it takes.
    pub(crate) release: Release,
}

/// The kernel of a variant: refused, if it is not what we require; else with its
/// modules prepared in `work`.
pub(crate) fn kernel(
    source: &Source,
    variant: &str,
    architecture: Architecture,
    builder: Builder,
    parts: KernelParts<'_>,
    work: &Path,
    tools: &Tools,
) -> Result<Kernel> {
    // First, since a missing option is why a module is missing.
    requirements::check(source, architecture, variant, builder, &parts.options()?)?;
    let lists = source.conf().join("kernel/modules.toml");
    let lists = ModuleLists::read(&lists, architecture.name())?;
    Ok(Kernel::prepare(parts, lists, work, tools)?)
}

impl Composition<'_> {
    /// Makes and audits the root file system in `output`/root. The list of
    /// executables is taken as it is now, if `accept` says so.
    pub(crate) fn root(&self, output: &Path, accept: bool) -> Result<PathBuf> {
        let variant = self.variant;
        let step = Step::begin(format!("root file system of {}", variant.name));
        let overlays: Vec<PathBuf> = variant
            .software
            .iter()
            .map(|set| self.overlays.join(&set.name))
            .filter(|folder| folder.is_dir())
            .chain(self.release.overlays.iter().cloned())
            .collect();
        let folder = output.join("root");
        let inputs = rootfs::Inputs {
            packages: &self.packages,
            software: &variant.software,
            external: &self.external,
            overlays: &overlays,
            programs: &self.programs,
            os_release: &self.release.os_release(&variant.name),
            variant: &variant.text,
            update_root: self.release.update_root.as_deref(),
            host_containers: &self.host_containers,
            policy: &self.policy,
            kernel: &self.kernel,
            tools: &self.tools,
        };
        rootfs::build(&inputs, &folder)?;
        self.audit(&folder, &self.policy.labels()?, accept)?;
        step.end();
        Ok(folder)
    }

    /// Assembles the disk of a root and the artefacts it consists of in
    /// `output`, beside an account of the contents.
    pub(crate) fn disk(
        self,
        root: &Path,
        epoch: u64,
        compression: Compression,
        output: &Path,
    ) -> Result<()> {
        let identity = Identity {
            variant: self.variant.name.clone(),
            architecture: self.architecture.name().to_owned(),
            version: self.release.version.clone(),
            epoch,
        };
        let parameters = parameters::of(self.source, self.variant, self.architecture)?;
        let modules = self.kernel.initramfs(&self.packages)?;
        let inputs = disk::Inputs {
            identity: &identity,
            architecture: self.architecture,
            root,
            file_contexts: &self.policy.file_contexts(),
            compression,
            kernel: &self.kernel.image,
            kernel_release: &self.kernel.release,
            init: &self.programs.join(contents::INIT),
            installer: &self.programs.join(contents::INSTALLER),
            modules: &modules.files,
            module_order: &modules.order,
            module_aliases: &modules.aliases,
            parameters: &parameters,
            efi_programs: &self.efi_programs,
            sizes: self.variant.sizes,
            tools: &self.tools,
        };
        let mut step: Option<Step> = None;
        disk::assemble(&inputs, output, |name| {
            if let Some(step) = step.replace(Step::begin(name)) {
                step.end();
            }
        })?;
        if let Some(step) = step {
            step.end();
        }
        let pieces = Pieces {
            programs: Some(self.programs),
            overlays: self.overlays,
            policy: contents::policy_digests(&self.policy)?,
            kernel_options: requirements::required(self.source, self.architecture)?,
        };
        let contents = contents::of(self.source, self.variant, self.architecture, &pieces)?
            .of_version(&identity.version);
        Ok(files::write(
            &output.join("contents.json"),
            contents.to_json(),
        )?)
    }

    /// Changes the list of executables by what an image for trials has more, or less.
    fn depart_for_trials(&self, listed: &mut BTreeSet<PathBuf>) {
        let Variant {
            software, added, ..
        } = self.variant;
        for set in software {
            if added.contains(&set.name) {
                let programs = set.programs.keys();
                listed.extend(programs.map(|name| Path::new("/usr/bin").join(name)));
            }
            for (name, external) in &set.external {
                if matches!(self.external.get(name), Some(None)) {
                    listed.remove(&Path::new("/").join(&external.path));
                }
            }
        }
    }

    /// Refuses a root with anything in it that is not accounted for.
    fn audit(&self, root: &Path, labels: &FileContexts, accept: bool) -> Result<()> {
        let path = &self.variant.executables;
        if accept {
            let list: Vec<String> = rootfs::executables(root)?
                .iter()
                .map(|p| format!("{}\n", p.display()))
                .collect();
            files::write(path, list.concat())?;
        }
        let mut listed: BTreeSet<PathBuf> = files::read_to_string(path)
            .context(
                "the variant has no list of executables\n\
                 hint: image-builder image --accept-executables writes it",
            )?
            .lines()
            .map(PathBuf::from)
            .collect();
        self.depart_for_trials(&mut listed);
        let mut findings = rootfs::audit(root, labels, &listed)?;
        // How others compile their programs can have a reason, too.
        let explanations = Explanations::read(self.source, self.architecture)?;
        findings.retain(|finding| {
            let item = format!("{HARDENING}{}", finding.path.display());
            let explained = explanations.find(&item, self.builder, &self.variant.name);
            !finding.problem.is_hardening() || explained.is_none()
        });
        if findings.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = findings.iter().map(|f| format!("  {f}")).collect();
        bail!(
            "the root file system may not ship:\n{}\nhint: correct conf/software or conf/rootfs; if \
             only the list of executables is behind, image-builder image --accept-executables",
            lines.join("\n")
        )
    }
}
