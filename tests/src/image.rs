//! The image under test.

use std::env;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use gptman::GPT;
use rustix::fs::{SeekFrom, seek};

use crate::release::cargo_run;

/// Where the image of the default variant is, below the workspace.
const DEFAULT_FOLDER: &str = "build/images/x86_64/metal-dev";

/// Its architecture.
const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// Size of a sector of the disk image in bytes.
const SECTOR: u64 = 512;

/// A built image: its artefacts by name.
#[derive(Debug, Clone)]
pub struct Image {
    folder: PathBuf,
    disk: PathBuf,
    /// Architecture, from the disk's name.
    pub architecture: String,
}

impl Image {
    /// The image that the environment names.
    pub fn find() -> Result<Image> {
        let folder = env::var_os("BOTTLEROCKET_IMAGE_DIR")
            .map_or_else(|| workspace().join(DEFAULT_FOLDER), PathBuf::from);
        Image::in_folder(&folder)
    }

    /// The architecture under test: that of the image that the environment names, or of
    /// the default one, which need not have been built.
    pub fn architecture_under_test() -> Result<String> {
        match env::var_os("BOTTLEROCKET_IMAGE_DIR") {
            Some(folder) => Ok(Image::in_folder(Path::new(&folder))?.architecture),
            None => Ok(DEFAULT_ARCHITECTURE.to_owned()),
        }
    }

    /// The image whose artefacts lie in a folder.
    pub fn in_folder(folder: &Path) -> Result<Image> {
        let hint = "hint: `scripts/test` builds the image and runs these tests";
        let list = fs::read_dir(folder)
            .with_context(|| format!("no image in {}\n{hint}", folder.display()))?;
        let mut disks = Vec::new();
        for entry in list {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "img") {
                disks.push(path);
            }
        }
        let Ok([disk]) = <[PathBuf; 1]>::try_from(disks) else {
            bail!(
                "expected one disk image (*.img) in {}\n{hint}",
                folder.display()
            );
        };
        let stem = disk.file_stem().unwrap_or_default().to_string_lossy();
        let (_, architecture) = stem
            .rsplit_once('-')
            .context("the disk's name has no parts")?;
        Ok(Image {
            architecture: architecture.to_owned(),
            folder: folder.to_owned(),
            disk,
        })
    }

    /// An image of a variant, built with the channel over which tests talk to the node,
    /// and with a program that the packages lack: `NAME=FILE`.
    pub fn with_external(variant: &str, external: &str) -> Result<Image> {
        let folder = workspace().join("build/end-to-end/images").join(variant);
        let arguments = [
            "image",
            "--variant",
            variant,
            "--with",
            "development",
            "--external",
            external,
            "--output",
        ];
        let mut arguments = arguments.map(Path::new).to_vec();
        arguments.push(&folder);
        cargo_run("image-builder", &arguments)?;
        Image::in_folder(&folder)
    }

    /// The disk image.
    pub fn disk(&self) -> &Path {
        &self.disk
    }

    /// The kernel image (UKI).
    pub fn kernel_image(&self) -> PathBuf {
        self.disk.with_extension("efi")
    }

    /// An artefact beside the disk, such as `vmlinuz`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// An artefact that is one line of text.
    pub fn line(&self, name: &str) -> Result<String> {
        let path = self.file(name);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        Ok(text.trim().to_owned())
    }

    /// Position of a partition in the disk image, in bytes.
    pub fn partition_offset(&self, label: &str) -> Result<u64> {
        Ok(self.partition(label)?.start)
    }

    /// Where a partition is in the disk image, in bytes.
    pub fn partition(&self, label: &str) -> Result<Range<u64>> {
        let mut disk = File::open(&self.disk)?;
        let table = GPT::find_from(&mut disk)
            .with_context(|| format!("no partition table on {}", self.disk.display()))?;
        table
            .iter()
            .find(|(_, partition)| partition.partition_name.as_str() == label)
            .map(|(_, p)| p.starting_lba * SECTOR..(p.ending_lba + 1) * SECTOR)
            .with_context(|| format!("no partition {label} on {}", self.disk.display()))
    }

    /// Copies the disk image; what is not written in it takes no space.
    pub fn copy_disk(&self, to: &Path) -> Result<()> {
        copy_sparse(&self.disk, to)
    }
}

/// Copies a file; what is not written in it takes no space.
pub fn copy_sparse(from: &Path, to: &Path) -> Result<()> {
    let (from, copy) = (File::open(from)?, File::create(to)?);
    let length = from.metadata()?.len();
    copy.set_len(length)?;
    let mut position = 0;
    while position < length {
        let data = match seek(&from, SeekFrom::Data(position)) {
            Ok(data) => data,
            // No more data up to the end.
            Err(rustix::io::Errno::NXIO) => break,
            Err(e) => return Err(e.into()),
        };
        let hole = seek(&from, SeekFrom::Hole(data))?;
        copy_range(&from, &copy, data, hole)?;
        position = hole;
    }
    ensure!(copy.metadata()?.len() == length, "the copy is short");
    Ok(())
}

fn copy_range(mut from: &File, mut copy: &File, start: u64, end: u64) -> Result<()> {
    seek(from, SeekFrom::Start(start))?;
    seek(copy, SeekFrom::Start(start))?;
    io::copy(&mut io::Read::take(&mut from, end - start), &mut copy)?;
    Ok(())
}

/// The root of the source tree.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
