//! Building an image: the root file system, its audit, and the disk.

use crate::packages::{self, Policy};
use crate::progress::Step;
use crate::source::{Source, host_architecture};
use crate::variant::Variant;
use crate::{programs, release};
use anyhow::{Context, Result, bail};
use disk::{Architecture, Compression, Identity};
use rootfs::{FileContexts, Kernel, ModuleLists, Policy as SelinuxPolicy};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tools::Tools;

/// What to build.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The source tree.
    pub(crate) source: &'a Source,
    /// The variant.
    pub(crate) variant: Variant,
    /// The architecture of the image.
    pub(crate) architecture: Architecture,
    /// How to deal with mirrors.
    pub(crate) packages: Policy,
    /// Whether to take the list of executables as it is now.
    pub(crate) accept_executables: bool,
}

impl Request<'_> {
    /// Where the artefacts go by default.
    pub(crate) fn folder(&self) -> PathBuf {
        let images = self.source.build().join("images");
        images
            .join(self.architecture.name())
            .join(&self.variant.name)
    }

    fn executables(&self) -> PathBuf {
        let name = format!("{}.executables", self.variant.name);
        self.source.conf().join("variants").join(name)
    }
}

/// A root file system and what belongs to it.
#[derive(Debug)]
pub(crate) struct Root {
    /// The folder that holds it.
    pub(crate) folder: PathBuf,
    packages: PathBuf,
    programs: PathBuf,
    policy: SelinuxPolicy,
    kernel: Kernel,
    tools: Tools,
}

/// Makes and audits the root file system in `output`/root.
pub(crate) fn root(request: &Request<'_>, output: &Path) -> Result<Root> {
    let (source, variant) = (request.source, &request.variant);
    let tree = packages::unpacked(source, "tools", host_architecture()?, &request.packages)?;
    let tools = Tools::unpacked(&tree)?;
    let packages = packages::unpacked(source, "os", request.architecture, &request.packages)?;
    let programs = programs::build(source, request.architecture)?;

    let step = Step::begin(format!("root file system of {}", variant.name));
    let sets: Vec<&str> = variant.software.iter().map(|s| s.name.as_str()).collect();
    let conf = source.conf();
    let policy = rootfs::compile_policy(
        &conf.join("selinux"),
        &variant.left_out,
        &output.join("policy"),
        &tools,
    )?;
    let lists = ModuleLists::read(&conf.join("kernel/modules.toml"))?;
    // Another build of a kernel can have the same release and other modules.
    let modules = packages.with_extension("modules");
    let kernel = Kernel::prepare(&packages, lists, &modules, &tools)?;
    let overlays: Vec<PathBuf> = sets
        .iter()
        .map(|set| conf.join("rootfs").join(set))
        .filter(|folder| folder.is_dir())
        .collect();
    let folder = output.join("root");
    let os_release = release::os_release(source, &variant.name);
    let inputs = rootfs::Inputs {
        packages: &packages,
        software: &variant.software,
        overlays: &overlays,
        programs: &programs,
        os_release: &os_release,
        policy: &policy,
        kernel: &kernel,
        tools: &tools,
    };
    rootfs::build(&inputs, &folder)?;
    audit(request, &folder, &policy.labels()?)?;
    step.end();
    Ok(Root {
        folder,
        packages,
        programs,
        policy,
        kernel,
        tools,
    })
}

/// Builds the disk image and the artefacts it consists of in `output`.
pub(crate) fn build(request: &Request<'_>, compression: Compression, output: &Path) -> Result<()> {
    let root = root(request, output)?;
    let identity = Identity {
        variant: request.variant.name.clone(),
        architecture: request.architecture.name().to_owned(),
        version: release::VERSION.to_owned(),
        epoch: release::epoch(request.source)?,
    };
    let modules = root.kernel.initramfs(&root.packages)?;
    let inputs = disk::Inputs {
        identity: &identity,
        architecture: request.architecture,
        root: &root.folder,
        file_contexts: root.policy.file_contexts(),
        compression,
        kernel: &root.kernel.image,
        kernel_release: &root.kernel.release,
        init: &root.programs.join("initramfs-init"),
        modules: &modules.files,
        module_order: &modules.order,
        module_aliases: &modules.aliases,
        parameters: &request.variant.kernel_parameters,
        efi_programs: &root.packages.join("usr/lib/systemd/boot/efi"),
        sizes: request.variant.sizes,
        tools: &root.tools,
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
    Ok(())
}

/// Refuses a root with anything in it that is not accounted for.
fn audit(request: &Request<'_>, root: &Path, labels: &FileContexts) -> Result<()> {
    let path = request.executables();
    if request.accept_executables {
        let list: Vec<String> = rootfs::executables(root)?
            .iter()
            .map(|p| format!("{}\n", p.display()))
            .collect();
        files::write(&path, list.concat())?;
    }
    let listed: BTreeSet<PathBuf> = files::read_to_string(&path)
        .context("the variant has no list of executables\nhint: --accept-executables writes it")?
        .lines()
        .map(PathBuf::from)
        .collect();
    let findings = rootfs::audit(root, labels, &listed)?;
    if findings.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(|f| format!("  {f}")).collect();
    bail!(
        "the root file system may not ship:\n{}\nhint: correct conf/debian or conf/rootfs; \
         if only the list of executables is behind, --accept-executables",
        lines.join("\n")
    )
}
