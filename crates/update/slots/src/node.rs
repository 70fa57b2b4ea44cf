//! Where the slots of a running node are: its disk and partitions, as the kernel
//! has them, and the ESP.

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount,
    fsopen,
};

use crate::entry::Slot;

/// The device-mapper device that init makes of the root file system.
const ROOT_DEVICE: &str = "root";

/// Why the slots are not found.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the kernel shows cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The root file system is on no slot: the system was started otherwise.
    #[error("the root file system is on no partition ROOT-A or ROOT-B")]
    NoSlot,
    /// The disk lacks a partition.
    #[error("the disk {} has no partition {label}", disk.display())]
    NoPartition {
        /// The disk.
        disk: PathBuf,
        /// The partition's name.
        label: &'static str,
    },
    /// The ESP cannot be mounted.
    #[error("failed to mount {}: {source}", device.display())]
    Mount {
        /// Its device.
        device: PathBuf,
        /// What the kernel says.
        source: rustix::io::Errno,
    },
}

/// The disk that a node runs from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    sys: PathBuf,
    dev: PathBuf,
    name: String,
    booted: Slot,
}

impl Disk {
    /// Finds it on the node whose `/sys` and `/dev` are below `root`.
    ///
    /// # Errors
    ///
    /// If the root file system is on no slot.
    pub fn find(root: &Path) -> Result<Self, Error> {
        let sys = root.join("sys");
        for partition in root_parts(&sys)? {
            let Some(label) = partition_name(&partition)? else {
                continue;
            };
            let Some(booted) = Slot::ALL
                .into_iter()
                .find(|slot| slot.root_partition() == label)
            else {
                continue;
            };
            // A partition's folder is in that of its disk.
            let path = files::at("resolve", &partition, fs::canonicalize(&partition))?;
            let disk = path.parent().and_then(Path::file_name);
            let name = disk.ok_or(Error::NoSlot)?.to_string_lossy().into_owned();
            let dev = root.join("dev");
            return Ok(Self {
                sys,
                dev,
                name,
                booted,
            });
        }
        Err(Error::NoSlot)
    }

    /// The slot that runs.
    pub fn booted(&self) -> Slot {
        self.booted
    }

    /// The device of the whole disk.
    pub fn device(&self) -> PathBuf {
        self.dev.join(&self.name)
    }

    /// The device of a partition, by its name in the partition table.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn partition(&self, label: &'static str) -> Result<PathBuf, Error> {
        let folder = self.sys.join("class/block").join(&self.name);
        for entry in files::at("list", &folder, fs::read_dir(&folder))? {
            let entry = files::at("list", &folder, entry)?;
            if partition_name(&entry.path())?.as_deref() == Some(label) {
                return Ok(self.dev.join(entry.file_name()));
            }
        }
        let disk = self.device();
        Err(Error::NoPartition { disk, label })
    }

    /// Mounts the ESP.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be mounted.
    pub fn mount_esp(&self) -> Result<Esp, Error> {
        let device = self.partition("ESP")?;
        let mount = || {
            let context = fsopen("vfat", FsOpenFlags::FSOPEN_CLOEXEC)?;
            fsconfig_set_string(&context, "source", &device)?;
            fsconfig_set_string(&context, "umask", "0077")?;
            fsconfig_create(&context)?;
            fsmount(
                &context,
                FsMountFlags::FSMOUNT_CLOEXEC,
                MountAttrFlags::MOUNT_ATTR_NOSUID
                    | MountAttrFlags::MOUNT_ATTR_NODEV
                    | MountAttrFlags::MOUNT_ATTR_NOEXEC,
            )
        };
        let root = mount().map_err(|source| Error::Mount {
            device: device.clone(),
            source,
        })?;
        Ok(Esp { root })
    }
}

/// The EFI system partition, mounted on no folder: only while it is needed, as
/// what is not mounted cannot be damaged.
#[derive(Debug)]
pub struct Esp {
    root: OwnedFd,
}

impl Esp {
    /// A place on it.
    pub fn path(&self, below: &str) -> PathBuf {
        let descriptor = self.root.as_raw_fd();
        PathBuf::from(format!("/proc/self/fd/{descriptor}")).join(below)
    }

    /// The folder with the boot entries.
    pub fn entries(&self) -> PathBuf {
        self.path("loader/entries")
    }

    /// The kernel image of a slot.
    pub fn kernel_image(&self, slot: Slot) -> PathBuf {
        self.path(&format!("EFI/bottlerocket/slot-{}.efi", slot.letter()))
    }
}

/// The partitions that the root file system is made of.
fn root_parts(sys: &Path) -> files::Result<Vec<PathBuf>> {
    let block = sys.join("class/block");
    for entry in files::at("list", &block, fs::read_dir(&block))? {
        let device = files::at("list", &block, entry)?.path();
        let name = match files::read_to_string(&device.join("dm/name")) {
            Err(error) if error.is_not_found() => continue,
            name => name?,
        };
        if name.trim() != ROOT_DEVICE {
            continue;
        }
        let parts = device.join("slaves");
        let mut paths = Vec::new();
        for part in files::at("list", &parts, fs::read_dir(&parts))? {
            paths.push(files::at("list", &parts, part)?.path());
        }
        return Ok(paths);
    }
    Ok(Vec::new())
}

/// The name of a partition in the partition table; `None` for what is none.
fn partition_name(folder: &Path) -> files::Result<Option<String>> {
    let text = match files::read_to_string(&folder.join("uevent")) {
        Err(error) if error.is_not_found() => return Ok(None),
        // Attributes lie beside the partitions' folders.
        Err(error) if error.source.kind() == std::io::ErrorKind::NotADirectory => return Ok(None),
        text => text?,
    };
    let name = text.lines().find_map(|line| line.strip_prefix("PARTNAME="));
    Ok(name.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn node(running: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let parts = ["ESP", "ROOT-A", "HASH-A", "ROOT-B", "HASH-B"];
        for (number, label) in (1..).zip(parts) {
            let folder = format!("sys/devices/pci/vda/vda{number}");
            write(
                &format!("{folder}/uevent"),
                &format!("DEVNAME=vda{number}\nPARTNAME={label}\n"),
            );
        }
        write("sys/devices/pci/vda/size", "100\n");
        write("sys/devices/pci/vda/uevent", "DEVNAME=vda\n");
        let dm = |name: &str| format!("sys/devices/virtual/block/dm-{name}");
        write(&format!("{}/dm/name", dm("0")), "other\n");
        write(&format!("{}/dm/name", dm("1")), "root\n");
        let block = root.path().join("sys/class/block");
        fs::create_dir_all(&block).unwrap();
        let link = |target: &str, name: &str| {
            symlink(
                root.path().join("sys/devices").join(target),
                block.join(name),
            )
            .unwrap();
        };
        link("pci/vda", "vda");
        link("virtual/block/dm-0", "dm-0");
        link("virtual/block/dm-1", "dm-1");
        let slaves = root.path().join(dm("1")).join("slaves");
        fs::create_dir_all(&slaves).unwrap();
        for part in running.split_whitespace() {
            let target = root.path().join("sys/devices/pci/vda").join(part);
            symlink(target, slaves.join(part)).unwrap();
        }
        root
    }

    #[test]
    fn the_disk_is_that_of_the_root_file_system() {
        for (running, booted) in [("vda2 vda3", Slot::A), ("vda5 vda4", Slot::B)] {
            let root = node(running);
            let disk = Disk::find(root.path()).unwrap();
            assert_eq!(disk.booted(), booted);
            assert_eq!(disk.device(), root.path().join("dev/vda"));
            let other = disk.partition(booted.other().root_partition()).unwrap();
            let number = if booted == Slot::A { "vda4" } else { "vda2" };
            assert_eq!(other, root.path().join("dev").join(number));
            let error = disk.partition("PRIVATE").unwrap_err();
            assert!(error.to_string().ends_with("vda has no partition PRIVATE"));
        }
    }

    #[test]
    fn a_node_without_slots_is_told() {
        for running in ["", "vda1"] {
            let root = node(running);
            let error = Disk::find(root.path()).unwrap_err();
            assert!(matches!(error, Error::NoSlot), "{error}");
        }
    }
}
