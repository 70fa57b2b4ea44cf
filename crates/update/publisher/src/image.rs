//! A built image, and the parts of it that updates are made of.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lz4_flex::frame::FrameEncoder;
use semver::Version;
use serde::Deserialize;
use update_metadata::{Images, Update, Waves};

/// The folder that `image-builder image` made.
#[derive(Debug, Clone)]
pub struct Image {
    folder: PathBuf,
    contents: Contents,
}

/// What of `contents.json` says which image it is.
#[derive(Debug, Clone, Deserialize)]
struct Contents {
    variant: String,
    architecture: String,
    version: Version,
}

impl Image {
    /// Opens a folder.
    ///
    /// # Errors
    ///
    /// If it is not that of an image.
    pub fn open(folder: &Path) -> Result<Self> {
        let contents = folder.join("contents.json");
        let contents = serde_json::from_str(&files::read_to_string(&contents)?)
            .with_context(|| format!("{} is not that of an image", contents.display()))?;
        let folder = folder.to_owned();
        Ok(Self { folder, contents })
    }

    /// The version of the system in it.
    pub fn version(&self) -> &Version {
        &self.contents.version
    }

    /// What a manifest says of it.
    pub fn update(&self, waves: Waves, max_version: Option<Version>) -> Update {
        let target = |part: &str| format!("{}-{}-{part}.lz4", self.stem(), self.version());
        Update {
            variant: self.contents.variant.clone(),
            arch: self.contents.architecture.clone(),
            version: self.version().clone(),
            max_version: max_version.unwrap_or_else(|| self.version().clone()),
            waves,
            images: Images {
                boot: target("boot.efi"),
                root: target("root.erofs"),
                hash: target("root.hash"),
            },
        }
    }

    /// Writes the targets into a folder, compressed.
    ///
    /// # Errors
    ///
    /// If a part is missing, or cannot be written.
    pub fn write_targets(&self, folder: &Path) -> Result<()> {
        let images = self.update(Waves::default(), None).images;
        for (part, target) in [
            (format!("{}.efi", self.stem()), images.boot),
            ("root.erofs".to_owned(), images.root),
            ("root.hash".to_owned(), images.hash),
        ] {
            compress(&self.folder.join(part), &folder.join(target))?;
        }
        Ok(())
    }

    fn stem(&self) -> String {
        let Contents {
            variant,
            architecture,
            ..
        } = &self.contents;
        format!("bottlerocket-{variant}-{architecture}")
    }
}

fn compress(from: &Path, to: &Path) -> Result<()> {
    let mut source = files::at("open", from, File::open(from))?;
    let target = files::at("create", to, File::create(to))?;
    let mut encoder = FrameEncoder::new(target);
    files::at("compress", from, io::copy(&mut source, &mut encoder))?;
    let finished = encoder.finish();
    finished.with_context(|| format!("failed to compress {}", from.display()))?;
    Ok(())
}
