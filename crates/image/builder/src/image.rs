//! Building an image on Debian packages.

use crate::compose::{self, Composition};
use crate::explanations::Builder;
use crate::external::{self, ExternalOptions};
use crate::packages::{self, Policy};
use crate::release::ReleaseOptions;
use crate::source::Source;
use crate::variant::Variant;
use crate::{containers, policy, programs, release, sbom};
use anyhow::Result;
use disk::{Architecture, Compression};
use rootfs::KernelParts;
use std::path::{Path, PathBuf};

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
    /// Where programs come from that the packages lack.
    pub(crate) external: ExternalOptions,
    /// What of the release is chosen.
    pub(crate) release: ReleaseOptions,
    /// Whether to take the list of executables as it is now.
    pub(crate) accept_executables: bool,
}

impl Request<'_> {
    /// Where the artefacts go by default.
    pub(crate) fn folder(&self) -> PathBuf {
        let images = self.source.build().join("images");
        images
            .join(self.architecture.name())
            .join(self.variant.folder())
    }
}

/// Makes and audits the root file system in `output`/root.
pub(crate) fn root(request: &Request<'_>, output: &Path) -> Result<PathBuf> {
    let _alone = request.source.lock()?;
    parts(request, output)?.root(output, request.accept_executables)
}

/// Builds the disk image and the artefacts it consists of in `output`.
pub(crate) fn build(request: &Request<'_>, compression: Compression, output: &Path) -> Result<()> {
    let _alone = request.source.lock()?;
    let composition = parts(request, output)?;
    let root = composition.root(output, request.accept_executables)?;
    let epoch = release::epoch(request.source)?;
    let Request {
        source,
        variant,
        architecture,
        ..
    } = request;
    let containers = containers::trees(
        source,
        &variant.host_containers,
        *architecture,
        &request.packages,
    )?;
    let efi = &composition.efi_programs;
    let used = [
        composition.kernel.image.clone(),
        efi.join(architecture.stub()),
        efi.join(architecture.boot_loader()),
    ];
    let (packages, external) = (composition.packages.clone(), composition.external.clone());
    let version = composition.release.version.clone();
    composition.disk(&root, epoch, compression, output)?;
    let subject = sbom::Subject {
        source,
        variant,
        architecture: *architecture,
        version: &version,
        epoch,
        packages: &packages,
        used: &used,
        containers: &containers,
        external: &external,
    };
    sbom::write(&subject, &root, output)
}

fn parts<'a>(request: &'a Request<'a>, output: &Path) -> Result<Composition<'a>> {
    let Request {
        source,
        variant,
        architecture,
        ..
    } = request;
    let tools = packages::tools(source, &request.packages)?;
    let packages = packages::unpacked(source, "os", *architecture, &request.packages)?;
    let external = external::find(source, variant, *architecture, &request.external)?;
    let programs = programs::build(source, *architecture, &request.packages)?;
    let host_containers = containers::carried(
        source,
        &variant.host_containers,
        *architecture,
        &request.packages,
        &programs,
    )?;
    let policy = policy::make(source, variant, &output.join("policy"), &tools)?;
    let parts = KernelParts {
        packages: &packages,
        image: None,
        config: None,
    };
    // Another build of a kernel can have the same release and other modules.
    let modules = packages.with_extension("modules");
    let kernel = compose::kernel(
        source,
        &variant.name,
        *architecture,
        Builder::ImageBuilder,
        parts,
        &modules,
        &tools,
    )?;
    Ok(Composition {
        source,
        variant,
        architecture: *architecture,
        builder: Builder::ImageBuilder,
        kernel,
        efi_programs: packages.join(crate::assemble::EFI_PROGRAMS),
        packages,
        external,
        programs,
        host_containers,
        overlays: source.conf().join("rootfs"),
        policy,
        tools,
        release: request.release.release(release::build_id(source)),
    })
}
