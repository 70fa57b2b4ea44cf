//! Disks as the kernel shows them, or files in their place.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, OFlags, fadvise, major, minor};

use crate::{Error, SECTORS};

/// Where things lie that tell what is on a disk: position, bytes, and what has them there.
const SIGNATURES: [(u64, &[u8], &str); 10] = [
    (512, b"EFI PART", "a partition table (GPT)"),
    (4096, b"EFI PART", "a partition table (GPT)"),
    (510, &[0x55, 0xaa], "a partition table (MBR)"),
    (1080, &[0x53, 0xef], "a file system (ext4)"),
    (0, b"XFSB", "a file system (XFS)"),
    (65_600, b"_BHRfS_M", "a file system (btrfs)"),
    (3, b"NTFS", "a file system (NTFS)"),
    (0, b"LUKS", "an encrypted volume (LUKS)"),
    (536, b"LVM2 001", "a volume of LVM"),
    (4086, b"SWAPSPACE2", "swap space"),
];

/// How much of the end of a disk a partition table's copy takes at most.
const END: u64 = 1 << 20;

/// A disk, or a file in its place.
#[derive(Debug)]
pub struct Disk {
    /// Its path.
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// Bytes of its sectors.
    pub sector: u64,
    /// Whether it is a file.
    pub is_file: bool,
    pub(crate) file: File,
}

impl Disk {
    /// Opens one to be written to, by nobody else in the meantime.
    ///
    /// # Errors
    ///
    /// If it is no whole disk, is in use, or cannot be opened.
    pub fn open(path: &Path) -> Result<Disk, Error> {
        let metadata = match fs::metadata(path) {
            // A file is made.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !path.starts_with("/dev") => None,
            found => Some(files::at("examine", path, found)?),
        };
        let kind = metadata.as_ref().map(fs::Metadata::file_type);
        let is_file = kind.is_none_or(|kind| kind.is_file());
        let mut options = OpenOptions::new();
        let mut sector = SECTORS[0];
        match &metadata {
            Some(metadata) if kind.is_some_and(|kind| kind.is_block_device()) => {
                let sysfs = whole(path, metadata.rdev())?;
                is_free(path, &sysfs)?;
                sector = sectors(path, &sysfs)?;
                // Who mounts it now is told that it is busy.
                options.custom_flags(OFlags::EXCL.bits() as i32);
            }
            _ if is_file => {}
            _ => return Err(Error::NoDisk(path.to_owned())),
        }

        options
            .read(true)
            .write(true)
            .create(is_file)
            .truncate(false);
        let file = files::at("open", path, options.open(path))?;
        let size = files::at("examine", path, end_of(&file))?;
        Ok(Disk {
            path: path.to_owned(),
            size,
            sector,
            is_file,
            file,
        })
    }

    /// Refuses a disk with something on it.
    pub(crate) fn is_empty(&self) -> Result<(), Error> {
        for (position, signature, what) in SIGNATURES {
            let mut found = vec![0; signature.len()];
            if self.file.read_exact_at(&mut found, position).is_ok() && found == signature {
                let path = self.path.clone();
                return Err(Error::HasData { path, what });
            }
        }
        Ok(())
    }

    /// Makes that what is read next comes from the disk, not from memory.
    pub(crate) fn forget_cached(&self) {
        // A file system without such a thing is as good as one without a cache.
        let _ = fadvise(&self.file, 0, None, Advice::DontNeed);
    }

    /// Lets go what is at the end of the disk.
    pub(crate) fn forget_end(&self) -> Result<(), Error> {
        if self.is_file {
            return Ok(());
        }
        let length = END.min(self.size);
        let zeroes = vec![0; length as usize];
        let written = self.file.write_all_at(&zeroes, self.size - length);
        Ok(files::at("write", &self.path, written)?)
    }
}

/// The folder of a whole disk in sysfs.
fn whole(path: &Path, number: u64) -> Result<PathBuf, Error> {
    let link = format!("/sys/dev/block/{}:{}", major(number), minor(number));
    let link = Path::new(&link);
    let sysfs = files::at("examine", link, fs::canonicalize(link))?;
    if sysfs.join("partition").exists() {
        let disk = sysfs.parent().and_then(Path::file_name).unwrap_or_default();
        return Err(Error::Partition {
            path: path.to_owned(),
            disk: Path::new("/dev").join(disk),
        });
    }
    Ok(sysfs)
}

/// Refuses a disk that is mounted, swapped to, or part of another device.
fn is_free(path: &Path, sysfs: &Path) -> Result<(), Error> {
    let in_use = |why: String| Error::InUse {
        path: path.to_owned(),
        why,
    };
    let mounts = files::read_to_string(Path::new("/proc/self/mountinfo"))?;
    let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
    for part in parts(sysfs)? {
        let number = fs::read_to_string(part.join("dev")).unwrap_or_default();
        let name = part
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if let Some(place) = mounted(&mounts, number.trim()) {
            return Err(in_use(format!("{name} is mounted on {place}")));
        }
        if swaps
            .lines()
            .any(|line| line.starts_with(&format!("/dev/{name} ")))
        {
            return Err(in_use(format!("{name} is swapped to")));
        }
        let holders = fs::read_dir(part.join("holders"))
            .into_iter()
            .flatten()
            .flatten();
        if let Some(holder) = holders.map(|entry| entry.file_name()).next() {
            let holder = holder.to_string_lossy();
            return Err(in_use(format!("{name} is a part of {holder}")));
        }
    }
    Ok(())
}

/// The size of a disk's sectors; refused is what we know no layout for.
fn sectors(path: &Path, sysfs: &Path) -> Result<u64, Error> {
    let file = sysfs.join("queue/logical_block_size");
    let sector = files::read_to_string(&file)?.trim().parse().unwrap_or(0);
    match SECTORS.contains(&sector) {
        true => Ok(sector),
        false => Err(Error::Sectors {
            path: path.to_owned(),
            sector,
        }),
    }
}

/// A disk and its partitions, in sysfs.
fn parts(disk: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut parts = vec![disk.to_owned()];
    for entry in files::at("list", disk, fs::read_dir(disk))? {
        let path = files::at("list", disk, entry)?.path();
        if path.join("partition").exists() {
            parts.push(path);
        }
    }
    Ok(parts)
}

/// Where the device of a number is mounted (proc_pid_mountinfo(5)).
fn mounted<'a>(mounts: &'a str, number: &str) -> Option<&'a str> {
    mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(2);
        (fields.next() == Some(number))
            .then(|| fields.nth(1))
            .flatten()
    })
}

fn end_of(mut file: &File) -> std::io::Result<u64> {
    use std::io::{Seek, SeekFrom};
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found_by_number() {
        let mounts = "\
            22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n\
            23 22 0:21 / /proc rw - proc proc rw\n\
            24 22 8:17 /sub /mnt/a\\040b rw shared:1 - vfat /dev/sdb1 rw\n";
        assert_eq!(mounted(mounts, "254:1"), Some("/"));
        assert_eq!(mounted(mounts, "8:17"), Some("/mnt/a\\040b"));
        assert_eq!(mounted(mounts, "8:1"), None);
    }

    #[test]
    fn what_is_no_disk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Disk::open(folder.path()), Err(Error::NoDisk(_))));
        assert!(matches!(
            Disk::open(Path::new("/dev/null")),
            Err(Error::NoDisk(_))
        ));
        assert!(matches!(
            Disk::open(Path::new("/dev/absent")),
            Err(Error::File(_))
        ));
    }

    #[test]
    fn what_is_on_a_disk_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        for (position, signature, what) in SIGNATURES {
            let path = folder.path().join("disk");
            let mut bytes = vec![0; 1 << 17];
            let position = position as usize;
            bytes[position..position + signature.len()].copy_from_slice(signature);
            fs::write(&path, bytes).unwrap();
            let error = Disk::open(&path)
                .unwrap()
                .is_empty()
                .unwrap_err()
                .to_string();
            assert!(error.contains(what) && error.contains("--wipe"), "{error}");
        }
    }
}
