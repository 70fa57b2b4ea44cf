//! What platforms take of an image: command `artefacts`.

use crate::cli::{Artefacts, InstallationOptions, Target};
use crate::progress::Step;
use crate::source::Source;
use crate::variant::Variant;
use crate::{inspect, release, user_data};
use anyhow::{Context, Result};
use artefacts::{Image, Installation};
use install_to_disk::{Parameters, Then};
use serde::Deserialize;
use settings_model::Model;
use std::path::{Path, PathBuf};
use tools::Tools;

/// What an image says of itself (`contents.json`).
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) variant: String,
    pub(crate) architecture: String,
    pub(crate) version: String,
}

impl Account {
    /// That of the image whose files lie in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Account> {
        let path = folder.join("contents.json");
        let text = files::read_to_string(&path)
            .context("this is not a folder of an image's artefacts\nhint: image-builder image")?;
        serde_json::from_str(&text).with_context(|| format!("failed to read {}", path.display()))
    }

    /// Its variant: that of the target, if the image was found by it, which may lie
    /// elsewhere.
    pub(crate) fn variant(
        &self,
        source: &Source,
        by_target: bool,
        target: &Target,
    ) -> Result<Variant> {
        match by_target {
            true => Variant::read(source, &target.variant),
            false => Variant::read(source, &self.variant),
        }
    }
}

/// What the installer is told by its kernel arguments, and along with the image.
fn installation(options: &InstallationOptions, model: &Model) -> Result<Installation> {
    let parameters = Parameters {
        disk: options.install_to.clone(),
        wipe: options.install_wipe,
        then: match options.install_reboot {
            true => Then::Reboot,
            false => Then::PowerOff,
        },
        user_data: options.install_user_data_url.clone(),
    };
    let given = options.install_user_data.as_deref();
    Ok(Installation {
        arguments: parameters.arguments(),
        user_data: given.map(|path| user_data::read(path, model)).transpose()?,
    })
}

/// Makes them, and prints their names.
pub(crate) fn make(
    source: &Source,
    options: &Artefacts,
    folder: &Path,
    tools: &Tools,
) -> Result<()> {
    let account = Account::read(folder)?;
    let variant = account.variant(source, options.image.is_none(), &options.target)?;
    let root_hash = files::read_to_string(&folder.join("roothash"))?;
    let image = Image {
        disk: inspect::disk(folder)?,
        variant: account.variant,
        architecture: account.architecture,
        version: account.version,
        root_hash: root_hash.trim().to_owned(),
        epoch: release::epoch(source)?,
        machine_disk: variant.machine_gib << 30,
        data_disk: variant.data_gib.map(|gib| gib << 30),
        installation: installation(&options.installation, &variant.model()?)?,
    };
    let formats = match options.formats[..] {
        [] => &variant.artefacts,
        _ => &options.formats,
    };
    let output: PathBuf = match &options.output {
        Some(output) => output.clone(),
        None => folder.join("artefacts"),
    };
    let mut step: Option<Step> = None;
    let made = artefacts::make(&image, formats, &output, tools, |name| {
        if let Some(step) = step.replace(Step::begin(name)) {
            step.end();
        }
    })?;
    if let Some(step) = step {
        step.end();
    }
    for path in made {
        println!("{}", path.display());
    }
    Ok(())
}
