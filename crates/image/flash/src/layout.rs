//! Laying an image out for the disk that it is on.

use std::fs::File;
use std::io;

use fat::{Files, Region};
use gptman::{GPT, GPTPartitionEntry, PartitionName};
use sha2::{Digest, Sha256};

use crate::disk::Disk;
use crate::{Error, SECTORS, UserData};

const MIB: u64 = 1 << 20;

/// The file system that the firmware reads.
const ESP: &str = "ESP";

/// The volume with user data (cloud-init, NoCloud), its size, and the type of its
/// partition: a file system for anybody.
const USER_DATA: &str = "CIDATA";
pub(crate) const USER_DATA_BYTES: u64 = 4 * MIB;
const BASIC_DATA: [u8; 16] = [
    0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7,
];

/// Makes of the image's table one for the disk: in its sectors, with a copy at its very
/// end, and with a partition for user data, if there is some. `size` is the image's.
pub(crate) fn adapt(disk: &Disk, size: u64, user_data: Option<&UserData>) -> Result<(), Error> {
    let failed = |reason: String| Error::Table {
        path: disk.path.clone(),
        reason,
    };
    let table = |error: gptman::Error| failed(error.to_string());
    let shipped = GPT::read_from(&mut &disk.file, SECTORS[0]).map_err(table)?;
    let mut parts = Vec::new();
    for (_, entry) in shipped.iter().filter(|(_, entry)| entry.is_used()) {
        parts.push(Part {
            start: entry.starting_lba * SECTORS[0],
            end: (entry.ending_lba + 1) * SECTORS[0],
            entry: entry.clone(),
        });
    }
    if let Some(user_data) = user_data {
        let part = Part::for_user_data(&parts, shipped.header.disk_guid);
        let end = part.end + MIB;
        if disk.is_file {
            let enlarged = disk.file.set_len(end.max(size));
            files::at("enlarge", &disk.path, enlarged)?;
        } else if end > disk.size {
            return Err(Error::TooSmall {
                path: disk.path.clone(),
                size: disk.size,
                image: end,
            });
        }
        let (name, bytes) = user_data.file();
        let files = vec![
            ("meta-data".to_owned(), Some(Vec::new())),
            (name.to_owned(), Some(bytes)),
        ];
        part.fill(disk, USER_DATA, &files)?;
        parts.push(part);
    }
    if disk.sector != SECTORS[0] {
        let esp = parts.iter().find(|part| part.name() == ESP);
        let esp = esp.ok_or_else(|| failed("it has no partition ESP".to_owned()))?;
        let old = fat::read(esp.region(&disk.file));
        let files = old.map_err(|reason| file_system(disk, ESP, reason))?;
        esp.fill(disk, ESP, &files)?;
    }
    let mut gpt = GPT::new_from(&mut &disk.file, disk.sector, shipped.header.disk_guid);
    let gpt = gpt.as_mut().map_err(|error| failed(error.to_string()))?;
    for (index, part) in (1..).zip(&parts) {
        if part.start % disk.sector != 0 || part.end % disk.sector != 0 {
            let name = part.name();
            let sector = disk.sector;
            let reason = format!("{name} does not begin and end with a sector of {sector} bytes");
            return Err(failed(reason));
        }
        gpt[index] = GPTPartitionEntry {
            starting_lba: part.start / disk.sector,
            ending_lba: part.end / disk.sector - 1,
            ..part.entry.clone()
        };
    }
    GPT::write_protective_mbr_into(&mut &disk.file, disk.sector).map_err(table)?;
    gpt.write_into(&mut &disk.file).map_err(table)?;
    files::at("write", &disk.path, disk.file.sync_all())?;
    disk.forget_cached();
    let found = GPT::read_from(&mut &disk.file, disk.sector).map_err(table)?;
    // Not as a whole: the library guesses from a table how it may have been aligned.
    match found.header == gpt.header && found.iter().eq(gpt.iter()) {
        true => Ok(()),
        false => Err(Error::Mismatch {
            path: disk.path.clone(),
            position: 0,
        }),
    }
}

/// A partition, in bytes.
#[derive(Debug)]
struct Part {
    start: u64,
    end: u64,
    entry: GPTPartitionEntry,
}

impl Part {
    /// Behind all others.
    fn for_user_data(others: &[Part], disk_guid: [u8; 16]) -> Part {
        let start = others.iter().map(|part| part.end).max().unwrap_or(0);
        let start = start.next_multiple_of(MIB);
        let mut identity = [0; 16];
        identity.copy_from_slice(&Sha256::digest([&disk_guid[..], b"CIDATA"].concat())[..16]);
        Part {
            start,
            end: start + USER_DATA_BYTES,
            entry: GPTPartitionEntry {
                partition_type_guid: BASIC_DATA,
                unique_partition_guid: identity,
                starting_lba: 0,
                ending_lba: 0,
                attribute_bits: 0,
                partition_name: PartitionName::from(USER_DATA),
            },
        }
    }

    fn name(&self) -> &str {
        self.entry.partition_name.as_str()
    }

    fn region<'a>(&self, file: &'a File) -> Region<'a> {
        Region::new(file, self.start, self.end - self.start)
    }

    /// Makes a file system with these files, and reads it back.
    fn fill(&self, disk: &Disk, label: &'static str, files: &Files) -> Result<(), Error> {
        let [a, b, c, d, ..] = self.entry.unique_partition_guid;
        let serial = u32::from_le_bytes([a, b, c, d]);
        let region = || self.region(&disk.file);
        let made = fat::make(region(), disk.sector, label, serial, files);
        made.map_err(|reason| file_system(disk, label, reason))?;
        files::at("write", &disk.path, disk.file.sync_all())?;
        disk.forget_cached();
        let mut found = fat::read(region()).map_err(|reason| file_system(disk, label, reason))?;
        let mut files: Vec<_> = files.iter().collect();
        found.sort_unstable();
        files.sort_unstable();
        match found.iter().eq(files) {
            true => Ok(()),
            false => Err(Error::Mismatch {
                path: disk.path.clone(),
                position: self.start,
            }),
        }
    }
}

fn file_system(disk: &Disk, label: &'static str, reason: io::Error) -> Error {
    Error::FileSystem {
        path: disk.path.clone(),
        label,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use initramfs_init::gpt::{Geometry, Table};

    use super::*;

    fn part(name: &str, number: u8, start: u64, end: u64) -> Part {
        Part {
            start,
            end,
            entry: GPTPartitionEntry {
                partition_type_guid: [number; 16],
                unique_partition_guid: [number + 1; 16],
                starting_lba: 0,
                ending_lba: 0,
                attribute_bits: 0,
                partition_name: PartitionName::from(name),
            },
        }
    }

    /// A disk of 16 MiB with an image of 8 MiB on it.
    fn disk(path: &Path, sector: u64) -> (Disk, Files) {
        let mut disk = Disk::open(path).unwrap();
        disk.file.set_len(16 * MIB).unwrap();
        disk.size = 16 * MIB;
        let files: Files = vec![
            ("EFI".into(), None),
            ("EFI/a.efi".into(), Some(vec![1; 5000])),
        ];
        let parts = [
            part(ESP, 1, MIB, 5 * MIB),
            part("ROOT-A", 3, 5 * MIB, 7 * MIB),
        ];
        parts[0].fill(&disk, ESP, &files).unwrap();
        let mut image = Region::new(&disk.file, 0, 8 * MIB);
        let mut gpt = GPT::new_from(&mut image, 512, [9; 16]).unwrap();
        for (index, part) in (1..).zip(&parts) {
            gpt[index] = GPTPartitionEntry {
                starting_lba: part.start / 512,
                ending_lba: part.end / 512 - 1,
                ..part.entry.clone()
            };
        }
        gpt.write_into(&mut image).unwrap();
        disk.sector = sector;
        disk.is_file = false;
        (disk, files)
    }

    #[test]
    fn an_image_is_laid_out_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let address = format!("http://h/#sha256={digest}");
        let line = format!("{address}\n");
        let document = UserData::Document(b"a".to_vec());
        let elsewhere = UserData::At(address.parse().unwrap());
        for (sector, user_data, expected) in [
            (512, None, None),
            (512, Some(&document), Some(("user-data", "a"))),
            (4096, None, None),
            (
                4096,
                Some(&elsewhere),
                Some(("user-data-url", line.as_str())),
            ),
        ] {
            let path = folder
                .path()
                .join(format!("{sector} {}", expected.is_some()));
            let (disk, files) = disk(&path, sector);
            adapt(&disk, 8 * MIB, user_data).unwrap();
            // The initramfs reads what was written by another library.
            let geometry = Geometry::new(sector as u32, 16 * MIB).unwrap();
            let table = Table::read(&disk.file, geometry).unwrap();
            assert!(table.primary_damage.is_none());
            let names: Vec<_> = table.partitions.iter().map(|p| p.name.as_str()).collect();
            let all: &[&str] = match expected {
                None => &[ESP, "ROOT-A"],
                Some(_) => &[ESP, "ROOT-A", USER_DATA],
            };
            assert_eq!(names, all);
            let root = &table.partitions[1];
            assert_eq!(root.first_lba * sector, 5 * MIB);
            assert_eq!(root.sectors() * sector, 2 * MIB);
            let found = fat::read(Region::new(&disk.file, MIB, 4 * MIB)).unwrap();
            assert!(found == files);
            if let Some((name, text)) = expected {
                let volume = Region::new(&disk.file, 7 * MIB, USER_DATA_BYTES);
                let found = fat::read(volume).unwrap();
                assert!(found.contains(&(name.into(), Some(text.into()))));
            }
            // The copy of the table is where repairs look for it.
            let mut backup = [0; 8];
            let end = 16 * MIB - sector;
            std::os::unix::fs::FileExt::read_exact_at(&disk.file, &mut backup, end).unwrap();
            assert_eq!(&backup, b"EFI PART");
        }
    }

    #[test]
    fn a_disk_without_room_or_table_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (mut small, _) = disk(&folder.path().join("small"), 512);
        small.size = 9 * MIB;
        let user_data = UserData::Document(b"a".to_vec());
        let error = adapt(&small, 8 * MIB, Some(&user_data)).unwrap_err();
        assert!(matches!(error, Error::TooSmall { .. }), "{error}");
        let empty = Disk::open(&folder.path().join("empty")).unwrap();
        empty.file.set_len(MIB).unwrap();
        let error = adapt(&empty, MIB, Some(&user_data)).unwrap_err();
        assert!(matches!(error, Error::Table { .. }), "{error}");
    }
}
