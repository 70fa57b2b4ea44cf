//! What platforms take of an image: it is the image, and the same each time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use artefacts::{Format, Installation};
use end_to_end_tests::{Image, image_tools};
use tools::Tools;

const SIZE: usize = 3 << 20;
const MACHINE_DISK: u64 = 8 << 20;

/// A disk with something at its start, something that cannot be compressed, and nothing.
fn disk(folder: &Path) -> Result<PathBuf> {
    let mut state = 1u32;
    let mut bytes = vec![0; SIZE];
    for byte in &mut bytes[512..1 << 20] {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
    bytes[..3].copy_from_slice(b"MBR");
    bytes[SIZE - 1] = 7;
    let path = folder.join("disk.img");
    fs::write(&path, bytes)?;
    // What lies beside it. A kernel for 64-bit Arm need not be packed.
    let mut kernel = vec![0; 64];
    kernel[0x38..0x3c].copy_from_slice(b"ARM\x64");
    fs::write(folder.join("vmlinuz"), kernel)?;
    fs::write(folder.join("initramfs.zst"), "initramfs")?;
    fs::write(folder.join("cmdline"), "roothash=00\n")?;
    fs::write(folder.join("install-to-disk"), "program")?;
    fs::copy(Image::find()?.file("stub.efi"), folder.join("stub.efi"))?;
    Ok(path)
}

fn make(disk: &Path, output: &Path, tools: &Tools) -> Result<Vec<PathBuf>> {
    let image = artefacts::Image {
        disk: disk.to_owned(),
        variant: "metal-dev".to_owned(),
        architecture: "x86_64".to_owned(),
        version: "1.2.3".to_owned(),
        root_hash: "0123".repeat(16),
        epoch: 1_767_225_600,
        machine_disk: MACHINE_DISK,
        data_disk: None,
        installation: Installation::default(),
    };
    Ok(artefacts::make(
        &image,
        &Format::ALL,
        output,
        tools,
        |_| {},
    )?)
}

/// The content of a disk of any format, as QEMU reads it.
fn content(path: &Path, format: &str, tools: &Tools) -> Result<Vec<u8>> {
    let raw = path.with_extension("back");
    let mut convert = tools.command("qemu-img")?;
    convert
        .args(["convert", "-f", format, "-O", "raw"])
        .arg(path)
        .arg(&raw);
    process::output(&mut convert)?;
    Ok(fs::read(raw)?)
}

#[test]
fn every_format_holds_the_disk_and_is_the_same_twice() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let tools = image_tools()?;
    let disk = disk(folder.path())?;
    let once = make(&disk, &folder.path().join("1"), &tools)?;
    let twice = make(&disk, &folder.path().join("2"), &tools)?;
    for (a, b) in once.iter().zip(&twice) {
        ensure!(fs::read(a)? == fs::read(b)?, "{} differs", a.display());
    }
    let named = |ending: &str| {
        folder
            .path()
            .join("1")
            .join(format!("bottlerocket-metal-dev-x86_64-1.2.3.{ending}"))
    };
    for format in Format::ALL {
        assert!(once.contains(&named(format.ending())), "{format}: {once:?}");
    }

    let image = fs::read(&disk)?;
    for (ending, format, size) in [
        ("qcow2", "qcow2", MACHINE_DISK as usize),
        ("vmdk", "vmdk", MACHINE_DISK as usize),
        ("vhd", "vpc", SIZE),
    ] {
        let found = content(&named(ending), format, &tools)?;
        assert_eq!(found.len(), size, "{ending}");
        assert!(found[..SIZE] == image, "{ending}");
        assert!(found[SIZE..].iter().all(|byte| *byte == 0), "{ending}");
    }
    let raw = folder.path().join("raw");
    let mut zstd = tools.command("zstd")?;
    process::output(
        zstd.args(["-q", "-d", "--long=27"])
            .arg(named("img.zst"))
            .arg("-o")
            .arg(&raw),
    )?;
    assert!(fs::read(raw)? == image);

    // A disc holds the installer, which holds the compressed disk.
    for (outer, inner) in [("iso", "installer.efi"), ("installer.efi", "img.zst")] {
        let (outer, inner) = (fs::read(named(outer))?, fs::read(named(inner))?);
        let start = &inner[..512];
        let mut places = outer.windows(512).enumerate().filter(|(_, w)| *w == start);
        assert!(places.any(|(place, _)| outer[place..].starts_with(&inner)));
    }

    // The archive's disk is the same one, and its digests are right.
    let mut archive = tar::Archive::new(fs::File::open(named("ova"))?);
    archive.unpack(folder.path().join("ova"))?;
    let inside = folder
        .path()
        .join("ova/bottlerocket-metal-dev-x86_64-1.2.3.vmdk");
    assert!(fs::read(inside)? == fs::read(named("vmdk"))?);
    for (sums, below) in [
        ("ova/bottlerocket-metal-dev-x86_64-1.2.3.mf", "ova"),
        ("1/SHA256SUMS", "1"),
    ] {
        let mut check = std::process::Command::new("sha256sum");
        check
            .args(["--check", "--strict", "--quiet"])
            .arg(folder.path().join(sums));
        process::output(check.current_dir(folder.path().join(below)))?;
    }
    Ok(())
}
