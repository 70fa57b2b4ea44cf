//! The installer as a disc, which can as well be written to a stick: UEFI finds the same
//! file system in both (El Torito, and a partition of the GPT).

use std::fs::{File, OpenOptions};
use std::path::Path;

use fat::Region;
use tools::Tools;

use crate::{Error, Image};

/// What the installer knows its own medium by.
const VOLUME: &str = "BOTTLEROCKET";

/// The file system that the firmware starts from, on the disc.
const ESP: &str = "efi.img";

const MIB: u64 = 1 << 20;
/// What a file system takes beside its files.
const MARGIN: u64 = 4 * MIB;
const SECTOR: u64 = 512;

/// Writes the disc of an installer's kernel image.
pub(crate) fn make(image: &Image, installer: &Path, to: &Path, tools: &Tools) -> Result<(), Error> {
    let folder = to.with_extension("folder");
    files::create_dir_all(&folder)?;
    esp(image, installer, &folder.join(ESP))?;
    let mut xorriso = tools.command("xorriso")?;
    xorriso
        .env("SOURCE_DATE_EPOCH", image.epoch.to_string())
        .args(["-report_about", "WARNING", "-as", "mkisofs"])
        .args(["--set_all_file_dates", &format!("={}", image.epoch)])
        .args(["-V", VOLUME, "-e", ESP, "-no-emul-boot"])
        // Of more than 32 MiB the number of sectors has no room in the catalog. UEFI takes
        // a small one for all there is (UEFI 13.3.2.1).
        .args(["-boot-load-size", "1"])
        .args(["-efi-boot-part", "--efi-boot-image", "-o"])
        .arg(to)
        .arg(&folder);
    process::output(&mut xorriso)?;
    Ok(files::at(
        "remove",
        &folder,
        std::fs::remove_dir_all(&folder),
    )?)
}

/// The file system that the firmware starts from.
fn esp(image: &Image, installer: &Path, to: &Path) -> Result<(), Error> {
    let program = files::read(installer)?;
    let size = (program.len() as u64 + MARGIN).next_multiple_of(MIB);
    files::at("create", to, File::create(to))?;
    let open = OpenOptions::new().read(true).write(true).open(to);
    let file = files::at("open", to, open)?;
    files::at("enlarge", to, file.set_len(size))?;
    let name = match image.architecture.as_str() {
        "aarch64" => "EFI/BOOT/BOOTAA64.EFI",
        _ => "EFI/BOOT/BOOTX64.EFI",
    };
    let files = vec![
        ("EFI".to_owned(), None),
        ("EFI/BOOT".to_owned(), None),
        (name.to_owned(), Some(program)),
    ];
    let [a, b, c, d, ..] = image.derived("installer");
    let serial = u32::from_le_bytes([a, b, c, d]);
    let region = Region::new(&file, 0, size);
    let made = fat::make(region, SECTOR, "INSTALLER", serial, &files);
    Ok(files::at("write", to, made)?)
}
