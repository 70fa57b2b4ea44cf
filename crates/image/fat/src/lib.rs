//! FAT file systems in a part of a disk or image: made in one go, and read. The same
//! files give the same bytes.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;

use fatfs::{Dir, FileSystem, FormatVolumeOptions, FsOptions};

/// A part of a disk.
#[derive(Debug, Clone)]
pub struct Region<'a> {
    file: &'a File,
    start: u64,
    length: u64,
    position: u64,
}

impl<'a> Region<'a> {
    /// A part of a disk, in bytes.
    pub fn new(file: &'a File, start: u64, length: u64) -> Region<'a> {
        Region {
            file,
            start,
            length,
            position: 0,
        }
    }

    /// How much of so many bytes lies in it, from the position on.
    fn within(&self, wanted: usize) -> usize {
        let left = self.length.saturating_sub(self.position);
        wanted.min(usize::try_from(left).unwrap_or(usize::MAX))
    }
}

impl Read for Region<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.within(buffer.len());
        let place = self.start + self.position;
        let read = self.file.read_at(&mut buffer[..length], place)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Write for Region<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.within(bytes.len());
        let place = self.start + self.position;
        let written = self.file.write_at(&bytes[..length], place)?;
        self.position += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Region<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.length.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

/// Files by their paths, folders before what is in them. A folder has no content.
pub type Files = Vec<(String, Option<Vec<u8>>)>;

/// Everything in a file system.
///
/// # Errors
///
/// If it is none, or cannot be read.
pub fn read(region: Region<'_>) -> io::Result<Files> {
    let mut files = Files::new();
    let system = FileSystem::new(region, FsOptions::new())?;
    collect(&system.root_dir(), "", &mut files)?;
    Ok(files)
}

fn collect(folder: &Dir<'_, Region<'_>>, path: &str, files: &mut Files) -> io::Result<()> {
    for entry in folder.iter() {
        let entry = entry?;
        let name = entry.file_name();
        let path = match path {
            "" => name.clone(),
            path => format!("{path}/{name}"),
        };
        if name == "." || name == ".." {
            continue;
        }
        if entry.is_dir() {
            files.push((path.clone(), None));
            collect(&entry.to_dir(), &path, files)?;
        } else {
            let mut content = Vec::new();
            entry.to_file().read_to_end(&mut content)?;
            files.push((path, Some(content)));
        }
    }
    Ok(())
}

/// Makes a file system with these files, for a disk with sectors of so many bytes. A
/// label has at most eleven characters, capitals alone.
///
/// # Errors
///
/// If the region cannot be written to, or is too small.
pub fn make(
    mut region: Region<'_>,
    sector: u64,
    label: &str,
    serial: u32,
    files: &Files,
) -> io::Result<()> {
    let mut padded = [b' '; 11];
    let length = label.len().min(padded.len());
    padded[..length].copy_from_slice(&label.as_bytes()[..length]);
    let too_many = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let options = FormatVolumeOptions::new()
        .bytes_per_sector(u16::try_from(sector).map_err(too_many)?)
        .total_sectors(u32::try_from(region.length / sector).map_err(too_many)?)
        .volume_id(serial)
        .volume_label(padded);
    fatfs::format_volume(&mut region, options)?;
    region.seek(SeekFrom::Start(0))?;
    let system = FileSystem::new(region.clone(), FsOptions::new())?;
    let root = system.root_dir();
    // First the folders: they then lie in the first clusters.
    let folders = files.iter().filter(|(_, content)| content.is_none());
    for (path, _) in folders.clone() {
        root.create_dir(path)?;
    }
    for (path, content) in files {
        if let Some(content) = content {
            root.create_file(path)?.write_all(content)?;
        }
    }
    drop(root);
    system.unmount()?;
    shorten(region, folders.count())
}

/// Bytes of an entry of a folder.
const ENTRY: usize = 32;
/// What a folder begins with when the library has made it: `.` and `..` with a long name
/// each, which only other names have (FAT32 File System Specification, 6.5 and 7).
const MADE: [&[u8]; 4] = [b"A.", b".  ", b"A.", b".. "];
/// What an entry begins with that is not used.
const UNUSED: u8 = 0xe5;

/// Takes the long names of `.` and `..` out of the folders.
fn shorten(mut region: Region<'_>, folders: usize) -> io::Result<()> {
    let mut boot = [0; 64];
    region.seek(SeekFrom::Start(0))?;
    region.read_exact(&mut boot)?;
    let word = |at: usize| u64::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
    let long = |at: usize| word(at) | word(at + 2) << 16;
    let sector = word(11);
    let cluster = u64::from(boot[13]) * sector;
    // FAT32 has its own field, and its first folder in a cluster.
    let is_fat32 = word(22) == 0;
    let table = if is_fat32 { long(36) } else { word(22) };
    let root = (word(17) * ENTRY as u64).next_multiple_of(sector);
    let mut place = (word(14) + u64::from(boot[16]) * table) * sector + root;
    if is_fat32 {
        place += cluster;
    }
    for _ in 0..folders {
        let mut start = [0; MADE.len() * ENTRY];
        region.seek(SeekFrom::Start(place))?;
        region.read_exact(&mut start)?;
        let as_made = start.chunks(ENTRY).zip(MADE).all(|(e, m)| e.starts_with(m));
        if !as_made {
            return Err(io::Error::other("folders do not lie where they were made"));
        }
        start.copy_within(ENTRY..2 * ENTRY, 0);
        start.copy_within(3 * ENTRY.., ENTRY);
        start[2 * ENTRY] = UNUSED;
        start[3 * ENTRY] = UNUSED;
        region.seek(SeekFrom::Start(place))?;
        region.write_all(&start)?;
        place += cluster;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn what_is_written_is_read_with_either_sector() {
        let files: Files = vec![
            ("EFI".into(), None),
            ("EFI/BOOT".into(), None),
            ("EFI/BOOT/BOOTX64.EFI".into(), Some(vec![7; 100_000])),
            ("loader".into(), None),
            (
                "loader/a name that is long.conf".into(),
                Some(b"a".to_vec()),
            ),
            ("empty".into(), Some(Vec::new())),
        ];
        for (sector, size) in [(512, 4), (4096, 4), (512, 40), (4096, 400)] {
            let disk = tempfile::tempfile().unwrap();
            disk.set_len((size + 2) * MIB).unwrap();
            let region = Region::new(&disk, MIB, size * MIB);
            make(region.clone(), sector, "ESP", 1, &files).unwrap();
            let mut found = read(region).unwrap();
            found.sort();
            let mut expected = files.clone();
            expected.sort();
            assert!(found == expected, "{sector} {size}");
            // As the kernel and the firmware see the size of sectors.
            let mut field = [0; 2];
            disk.read_exact_at(&mut field, MIB + 11).unwrap();
            assert_eq!(u64::from(u16::from_le_bytes(field)), sector);
            let mut around = vec![0; MIB as usize];
            for place in [0, (size + 1) * MIB] {
                disk.read_exact_at(&mut around, place).unwrap();
                assert!(around.iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let disk = tempfile::tempfile().unwrap();
        disk.set_len(4 * MIB).unwrap();
        let files = vec![("large".into(), Some(vec![1; 5 << 20]))];
        let region = Region::new(&disk, 0, 4 * MIB);
        assert!(make(region, 512, "CIDATA", 1, &files).is_err());
        assert_eq!(disk.metadata().unwrap().len(), 4 * MIB);
    }
}
