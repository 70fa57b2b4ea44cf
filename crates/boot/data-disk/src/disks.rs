//! The disks beside that of the system, as the kernel shows them.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::ebs;

/// What sysfs counts in, whatever the sectors of the disk are.
const SYSFS_SECTOR: u64 = 512;
/// Smaller ones are no disks for data.
const SMALLEST: u64 = 512 << 20;
/// Partition tables and file systems leave traces here at the start, or at the end.
const TRACES: u64 = 1 << 20;
const DATA: &str = "DATA";

/// Disks that clouds lend for as long as a machine runs: they are blank again when it was
/// stopped.
const LENT: [fn(&str) -> bool; 3] = [
    |model| model.starts_with("Amazon EC2 NVMe Instance Storage"),
    |model| model.starts_with("Microsoft NVMe Direct Disk"),
    // Google's disks that stay are called `nvme_card-pd`.
    |model| model == "nvme_card",
];

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    /// Its node below `/dev`.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// What is on it.
    pub contents: Contents,
    /// What whoever attached it calls it, where a cloud tells.
    pub attached_as: Option<String>,
}

/// What is on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// A partition DATA.
    Data,
    /// Zeroes where anything would have left traces.
    Nothing,
    /// Something else, or it cannot be read.
    Other,
}

impl fmt::Display for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.bytes / 100_000_000;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let what = match self.contents {
            Contents::Data => "with a partition DATA",
            Contents::Nothing => "blank",
            Contents::Other => "with something else on it",
        };
        write!(f, "{} ({whole}.{tenth} GB, {what}", self.path.display())?;
        match &self.attached_as {
            Some(name) => write!(f, ", attached as {name})"),
            None => f.write_str(")"),
        }
    }
}

/// All of them that are built in and stay, can be written to and are large enough, by name.
pub(crate) fn besides(root: &Path, system: &Path) -> files::Result<Vec<Disk>> {
    let sys = root.join("sys");
    let mut disks = Vec::new();
    for name in initramfs_init::disk_names(&sys)? {
        let folder = sys.join("block").join(&name);
        let path = root.join("dev").join(name.replace('!', "/"));
        let number = |file: &str| -> u64 {
            let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
            text.trim().parse().unwrap_or(0)
        };
        let bytes = number("size").saturating_mul(SYSFS_SECTOR);
        if path == system || number("removable") == 1 || number("ro") == 1 || bytes < SMALLEST {
            continue;
        }
        let model = fs::read_to_string(folder.join("device/model")).unwrap_or_default();
        let model = model.trim();
        if LENT.iter().any(|is_lent| is_lent(model)) {
            continue;
        }
        let contents = if data_partition(&folder).is_some() {
            Contents::Data
        } else if is_blank(&path, bytes).unwrap_or(false) {
            Contents::Nothing
        } else {
            Contents::Other
        };
        disks.push(Disk {
            attached_as: attached_as(&name, model, &path),
            path,
            bytes,
            contents,
        });
    }
    Ok(disks)
}

/// Xen gives disks the names that they are attached as; where NVMe does not tell, whatever
/// is not known of the volume is not held against it.
fn attached_as(name: &str, model: &str, path: &Path) -> Option<String> {
    if name.starts_with("xvd") {
        return Some(name.to_owned());
    }
    (model == ebs::MODEL)
        .then(|| ebs::attached_as(path).ok().flatten())
        .flatten()
}

/// The folder of its partition DATA, which is in that of the disk.
pub(crate) fn data_partition(disk: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(disk).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).find(|folder| {
        let event = fs::read_to_string(folder.join("uevent")).unwrap_or_default();
        let mut names = event.lines().filter_map(|l| l.strip_prefix("PARTNAME="));
        names.any(|name| name == DATA)
    })
}

fn is_blank(path: &Path, bytes: u64) -> io::Result<bool> {
    let disk = File::open(path)?;
    let mut traces = vec![0; TRACES as usize];
    for start in [0, bytes - TRACES] {
        disk.read_exact_at(&mut traces, start)?;
        if traces.iter().any(|&byte| byte != 0) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_blank_only_if_nothing_is_at_its_start_and_end() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join("sys/block").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        fs::create_dir_all(root.path().join("dev")).unwrap();
        let disk = |name: &str, bytes: u64| {
            write(&format!("{name}/size"), &(bytes / 512).to_string());
            let file = File::create(root.path().join("dev").join(name)).unwrap();
            file.set_len(bytes).unwrap();
            file
        };
        let size = SMALLEST;
        let models = [
            ("nvme0n1", "Amazon Elastic Block Store              "),
            ("nvme1n1", "Amazon EC2 NVMe Instance Storage        "),
            ("nvme2n1", "nvme_card"),
        ];
        for (name, model) in models {
            write(&format!("{name}/device/model"), &format!("{model}\n"));
            disk(name, size);
        }
        for name in ["vda", "vdb", "vdf", "vdg", "xvdb"] {
            disk(name, size);
        }
        disk("vdc", size).write_all_at(b"LUKS", 0).unwrap();
        disk("vdd", size).write_all_at(b"T", size - 512).unwrap();
        disk("vde", size).write_all_at(b"gpt", 512).unwrap();
        write("vde/vde1/uevent", "DEVNAME=vde1\nPARTNAME=DATA\n");
        write("vdf/removable", "1\n");
        write("vdg/ro", "1\n");
        disk("vdh", size - 512);
        // Nothing can be read of it.
        write("vdi/size", "2000000\n");
        let system = root.path().join("dev/vda");
        let found: Vec<String> = besides(root.path(), &system)
            .unwrap()
            .iter()
            .map(|disk| disk.to_string().rsplit('/').next().unwrap().to_owned())
            .collect();
        assert_eq!(
            found,
            [
                "vdb (0.5 GB, blank)",
                "vdc (0.5 GB, with something else on it)",
                "vdd (0.5 GB, with something else on it)",
                "vde (0.5 GB, with a partition DATA)",
                "vdi (1.0 GB, with something else on it)",
                "xvdb (0.5 GB, blank, attached as xvdb)",
                "nvme0n1 (0.5 GB, blank)",
            ]
        );
    }
}
