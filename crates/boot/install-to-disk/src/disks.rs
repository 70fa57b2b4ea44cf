//! The disks of the machine, as the kernel shows them.

use std::fmt;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What sysfs counts in, whatever the sectors of the disk are.
const SYSFS_SECTOR: u64 = 512;

/// Where the name of a disc lies (ECMA-119, 8.4), and that of the installer's.
const VOLUME: u64 = 16 * 2048 + 40;
const INSTALLER: &[u8] = b"BOTTLEROCKET";

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Its node below `/dev`.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its serial number, if it has one.
    pub serial: Option<String>,
    /// What it calls itself.
    pub model: Option<String>,
    /// Whether it can be taken out.
    pub removable: bool,
    /// Whether it cannot be written to.
    pub read_only: bool,
    /// Whether the installer is on it.
    pub is_installer: bool,
}

impl Disk {
    /// Whether it is one that stays in the machine.
    pub fn is_built_in(&self) -> bool {
        !self.removable && !self.read_only && !self.is_installer
    }
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gigabytes = self.bytes / 100_000_000;
        write!(
            f,
            "{} ({}.{} GB",
            self.path.display(),
            gigabytes / 10,
            gigabytes % 10
        )?;
        if let Some(model) = &self.model {
            write!(f, ", {model}")?;
        }
        if let Some(serial) = &self.serial {
            write!(f, ", serial:{}", serial.replace(' ', "_"))?;
        }
        for (it_is, what) in [
            (self.removable, "removable"),
            (self.read_only, "read-only"),
            (self.is_installer, "with the installer"),
        ] {
            if it_is {
                write!(f, ", {what}")?;
            }
        }
        f.write_str(")")
    }
}

/// All disks, by name.
pub(crate) fn all(sys: &Path, dev: &Path) -> Result<Vec<Disk>, files::Error> {
    let folder = sys.join("block");
    let names = initramfs_init::disk_names(sys)?;
    Ok(names
        .into_iter()
        .map(|name| examine(&folder.join(&name), dev.join(name.replace('!', "/"))))
        .collect())
}

fn examine(sysfs: &Path, path: PathBuf) -> Disk {
    let text = |name: &str| {
        let text = fs::read_to_string(sysfs.join(name)).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let flag = |name: &str| text(name).is_some_and(|text| text == "1");
    let sectors: u64 = text("size").and_then(|text| text.parse().ok()).unwrap_or(0);
    // Where it is depends on the kind of disk: NVMe and MMC, virtio, SCSI and ATA.
    let serial = text("device/serial")
        .or_else(|| text("serial"))
        .or_else(|| unit_serial(&fs::read(sysfs.join("device/vpd_pg80")).ok()?));
    Disk {
        bytes: sectors.saturating_mul(SYSFS_SECTOR),
        serial,
        model: text("device/model").or_else(|| text("device/name")),
        removable: flag("removable"),
        read_only: flag("ro"),
        is_installer: is_installer(&path),
        path,
    }
}

/// The serial number of a page `80h` (SPC-5, Unit Serial Number).
fn unit_serial(page: &[u8]) -> Option<String> {
    let [_, 0x80, high, low, rest @ ..] = page else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let serial = String::from_utf8_lossy(rest.get(..length)?);
    let serial = serial.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!serial.is_empty()).then(|| serial.to_owned())
}

/// Whether a disc of ours was written to it.
fn is_installer(path: &Path) -> bool {
    let mut volume = [0; INSTALLER.len()];
    let read = File::open(path).and_then(|disk| disk.read_exact_at(&mut volume, VOLUME));
    read.is_ok() && volume == INSTALLER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_described_by_what_the_kernel_shows() {
        let root = tempfile::tempdir().unwrap();
        let (sys, dev) = (root.path().join("sys"), root.path().join("dev"));
        fs::create_dir_all(&dev).unwrap();
        let file = |path: &str, content: &[u8]| {
            let path = sys.join("block").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        file("nvme0n1/size", b"1000000000\n");
        file("nvme0n1/device/serial", b"S4EV  \n");
        file("nvme0n1/device/model", b"An SSD      \n");
        file("sda/size", b"10000\n");
        file("sda/removable", b"1\n");
        file("sda/device/vpd_pg80", b"\0\x80\0\x06 A\0B  ");
        file("loop0/size", b"10000\n");
        file("sr0/size", b"10000\n");
        file("sdb/size", b"0\n");
        let mut medium = vec![0; 16 * 2048 + 100];
        medium[16 * 2048 + 40..][..12].copy_from_slice(b"BOTTLEROCKET");
        fs::write(dev.join("sda"), medium).unwrap();
        let disks = all(&sys, &dev).unwrap();
        let texts: Vec<String> = disks.iter().map(Disk::to_string).collect();
        let dev = dev.display();
        assert_eq!(
            texts,
            [
                format!("{dev}/sda (0.0 GB, serial:A\0B, removable, with the installer)"),
                format!("{dev}/nvme0n1 (512.0 GB, An SSD, serial:S4EV)"),
            ]
        );
        assert_eq!(
            disks.iter().map(Disk::is_built_in).collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn pages_that_are_none_have_no_serial_number() {
        for page in [
            &b""[..],
            b"\0\x83\0\x01A",
            b"\0\x80\0\x05A",
            b"\0\x80\0\0",
            b"\0\x80\0\x02  ",
        ] {
            assert_eq!(unit_serial(page), None);
        }
        assert_eq!(unit_serial(b"\0\x80\0\x02ABC"), Some("AB".into()));
    }
}
