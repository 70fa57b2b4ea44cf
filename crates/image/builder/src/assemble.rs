//! Building an image from files that another builder made.

use crate::cli::Assemble;
use crate::compose::{self, Composition};
use crate::containers;
use crate::explanations::Builder;
use crate::first_party::FirstParty;
use crate::release;
use crate::source::Source;
use crate::variant::Variant;
use anyhow::{Context, Result, bail};
use rootfs::{InstalledPolicy, KernelParts};

/// Where packages of systemd have its EFI programs.
pub(crate) const EFI_PROGRAMS: &str = "usr/lib/systemd/boot/efi";

/// Builds the disk image and the artefacts it consists of.
pub(crate) fn build(source: &Source, options: &Assemble) -> Result<()> {
    let variant =
        Variant::read(source, &options.target.variant)?.with(source, &options.target.with)?;
    let architecture = options.target.arch;
    let epoch = release::required_epoch(source)?;
    let first_party = FirstParty::open(&options.first_party)?;
    let policy = InstalledPolicy::open(&first_party.policy(&variant.name))
        .context("the policy is not there\nhint: image-builder policy makes it")?;
    let tools = options.tools.here()?;

    let parts = KernelParts {
        packages: &options.packages,
        image: options.kernel.as_deref(),
        config: options.kernel_config.as_deref(),
    };
    // Those of an earlier kernel may have the same names.
    let modules = options.output.join("modules");
    if modules.exists() {
        files::at("remove", &modules, std::fs::remove_dir_all(&modules))?;
    }
    let builder = if options.debian {
        Builder::ImageBuilder
    } else {
        Builder::BitBake
    };
    let kernel = compose::kernel(
        source,
        &variant.name,
        architecture,
        builder,
        parts,
        &modules,
        &tools,
    )?;
    let efi_programs = options.efi.clone();
    let host_containers = match (&options.containers, &variant.host_containers[..]) {
        (_, []) => Vec::new(),
        (Some(folder), names) => names
            .iter()
            .map(|name| containers::archive(folder, name))
            .collect(),
        (None, names) => bail!(
            "variant `{}` carries the images of {}\nhint: --containers names the folder where \
             image-builder container put them",
            variant.name,
            names.join(", ")
        ),
    };
    let composition = Composition {
        source,
        variant: &variant,
        architecture,
        builder,
        packages: options.packages.clone(),
        external: options.external.files(&variant)?,
        programs: first_party.programs(),
        host_containers,
        overlays: first_party.overlays(),
        policy,
        kernel,
        efi_programs: efi_programs.unwrap_or_else(|| options.packages.join(EFI_PROGRAMS)),
        tools,
        release: options.release.release(
            options
                .build_id
                .clone()
                .unwrap_or_else(|| release::build_id(source)),
        ),
    };
    let root = composition.root(&options.output, false)?;
    composition.disk(
        &root,
        epoch,
        options.compression.compression(),
        &options.output,
    )
}
