//! The EFI system partition: systemd-boot, and for each slot a Boot Loader
//! Specification (UAPI.1) type #1 entry that names the slot's kernel image.

use crate::gpt::Partition;
use crate::identity::hex;
use crate::{Error, Inputs};
use std::path::Path;
use std::process::Command;

const SECTOR: u64 = 512;

/// No menu, no editor, nothing but our own entries. A kernel image that cannot be
/// loaded costs a try and no more: the machine starts again, and does not end in
/// its firmware.
const LOADER_CONF: &str = "timeout 0\neditor no\nauto-entries no\nauto-firmware no\n\
    secure-boot-enroll off\nreboot-on-error yes\n";

const FOLDERS: [&str; 6] = [
    "EFI",
    "EFI/BOOT",
    "EFI/bottlerocket",
    "EFI/systemd",
    "loader",
    "loader/entries",
];

/// Formats the partition inside the disk image and fills it; slot A holds the
/// kernel image.
pub(crate) fn fill(
    inputs: &Inputs<'_>,
    disk: &Path,
    esp: &Partition,
    uki: &Path,
) -> Result<(), Error> {
    let uki_size = files::at("examine", uki, std::fs::metadata(uki))?.len();
    // An update writes the other slot's kernel image beside this one, and
    // leaves room for its own successor.
    if uki_size * 3 > esp.size {
        return Err(Error::TooLarge {
            what: "three times the kernel image",
            size: uki_size * 3,
            partition: "ESP",
            capacity: esp.size,
        });
    }
    let esp = Esp {
        inputs,
        image: format!("{}@@{}", disk.display(), esp.offset),
        size: esp.size,
    };
    esp.format()?;
    for folder in FOLDERS {
        process::output(esp.tool("mmd")?.arg(format!("::/{folder}")))?;
    }
    let architecture = inputs.architecture;
    let loader = inputs.efi_programs.join(architecture.boot_loader());
    esp.copy(
        &loader,
        &format!("EFI/BOOT/{}", architecture.default_program()),
    )?;
    esp.copy(
        &loader,
        &format!("EFI/systemd/{}", architecture.boot_loader()),
    )?;
    esp.copy(uki, "EFI/bottlerocket/slot-a.efi")?;
    let folder = disk.with_extension("esp");
    files::create_dir_all(&folder)?;
    let texts = [
        ("loader.conf", LOADER_CONF.to_owned(), "loader/loader.conf"),
        (
            "slot-a.conf",
            entry("a", &inputs.identity.version),
            "loader/entries/slot-a.conf",
        ),
    ];
    for (name, text, target) in texts {
        let source = folder.join(name);
        files::write(&source, text)?;
        esp.copy(&source, target)?;
    }
    files::at("remove", &folder, std::fs::remove_dir_all(&folder))?;
    Ok(())
}

/// A slot's entry. Its `version` is an activation number: of the entries with
/// tries left, systemd-boot starts the one with the highest. It counts the tries of
/// what is said to be a kernel image (`uki`, and not `efi`, since version 258).
fn entry(slot: &str, version: &str) -> String {
    format!(
        "title Bottlerocket OS {version}\nsort-key bottlerocket\nversion 1\nuki /EFI/bottlerocket/slot-{slot}.efi\n"
    )
}

struct Esp<'a> {
    inputs: &'a Inputs<'a>,
    image: String,
    size: u64,
}

impl Esp<'_> {
    fn format(&self) -> Result<(), Error> {
        let serial = hex(&self.inputs.identity.bytes("ESP serial")[..4]);
        let mut mformat = self.tool("mformat")?;
        mformat
            .args(["-F", "-v", "ESP", "-N", &serial, "-h", "255", "-s", "63"])
            .args(["-T", &(self.size / SECTOR).to_string(), "::"]);
        process::output(&mut mformat)?;
        Ok(())
    }

    fn copy(&self, source: &Path, target: &str) -> Result<(), Error> {
        let mut mcopy = self.tool("mcopy")?;
        process::output(mcopy.arg("-o").arg(source).arg(format!("::/{target}")))?;
        Ok(())
    }

    /// A program of mtools, bound to the partition. It takes file times from
    /// `SOURCE_DATE_EPOCH` and the local time zone.
    fn tool(&self, name: &str) -> Result<Command, Error> {
        let mut command = self.inputs.tools.command(name)?;
        command
            .env("SOURCE_DATE_EPOCH", self.inputs.identity.epoch.to_string())
            .env("TZ", "UTC")
            .env("MTOOLS_SKIP_CHECK", "1")
            .args(["-i", &self.image]);
        Ok(command)
    }
}
