//! Saying what an image consists of.

use anyhow::{Context, Result};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const MIB: f64 = (1 << 20) as f64;

/// Prints sizes, partitions and the root hash of an image's artefacts.
pub(crate) fn print(folder: &Path) -> Result<()> {
    let root_hash = files::read_to_string(&folder.join("roothash"))
        .context("this is not a folder of an image's artefacts")?;
    println!("{:<44} {:>10} {:>10}", "artefact", "size", "on disk");
    let mut entries: Vec<_> = files::at("list", folder, std::fs::read_dir(folder))?
        .filter_map(Result::ok)
        .filter(|e| e.path().is_file())
        .collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let metadata = entry.metadata()?;
        let (size, used) = (
            metadata.len() as f64 / MIB,
            metadata.blocks() as f64 * 512.0 / MIB,
        );
        let name = entry.file_name();
        println!(
            "{:<44} {size:>6.1} MiB {used:>6.1} MiB",
            name.to_string_lossy()
        );
    }
    println!("\nroot hash  {}", root_hash.trim());
    println!("folder     {}", folder.display());
    Ok(())
}

/// The disk image among an image's artefacts.
pub(crate) fn disk(folder: &Path) -> Result<PathBuf> {
    std::fs::read_dir(folder)
        .ok()
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|e| e == "img"))
        .with_context(|| {
            format!(
                "no image in {}\nhint: image-builder image",
                folder.display()
            )
        })
}
