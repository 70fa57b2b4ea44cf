//! How large an image is.

use anyhow::{Context, Result};
use end_to_end_tests::Image;
use std::fs;
use std::path::Path;

pub(crate) fn print(image: &Image) -> Result<()> {
    let stem = image.disk().with_extension("efi");
    let programs = Path::new("build/programs").join(&image.architecture);
    let mut rows = vec![
        (
            "root file system".to_owned(),
            size(&image.file("root.erofs"))?,
        ),
        ("hash tree".to_owned(), size(&image.file("root.hash"))?),
        ("initramfs".to_owned(), size(&image.file("initramfs.zst"))?),
        ("kernel image (UKI)".to_owned(), size(&stem)?),
    ];
    let mut all = 0;
    for entry in fs::read_dir(&programs).with_context(|| format!("no {}", programs.display()))? {
        let entry = entry?;
        let bytes = size(&entry.path())?;
        all += bytes;
        rows.push((entry.file_name().to_string_lossy().into_owned(), bytes));
    }
    rows.push(("first-party programs together".to_owned(), all));
    println!("| size | MiB |\n|---|---|");
    for (name, bytes) in rows {
        println!("| {name} | {:.1} |", bytes as f64 / f64::from(1 << 20));
    }
    Ok(())
}

fn size(path: &Path) -> Result<u64> {
    let metadata = fs::metadata(path).with_context(|| format!("no {}", path.display()))?;
    Ok(metadata.len())
}
