//! The label of a volume: where ISO 9660 (ECMA-119, section 8.4) and FAT
//! (EFI FAT specification 1.03, section 2) keep it.

use std::io::{ErrorKind, Read, Result, Seek, SeekFrom};

/// A file system that can carry user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// ISO 9660.
    Iso9660,
    /// FAT, of any width.
    Fat,
}

impl FileSystem {
    /// The kernel's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Iso9660 => "iso9660",
            Self::Fat => "vfat",
        }
    }
}

/// What is on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// How it is to be read.
    pub file_system: FileSystem,
    /// Its label, without the spaces behind it.
    pub label: String,
}

/// Where the volume descriptors of ISO 9660 start, and how large one is.
const DESCRIPTORS: u64 = 16 * 2048;
const SECTOR: usize = 512;

/// Reads the label of a device; `None` if it holds neither file system.
///
/// # Errors
///
/// If the device cannot be read.
pub fn identify(device: &mut (impl Read + Seek)) -> Result<Option<Volume>> {
    // A disc that boots from a stick has the marks of both.
    if let Some(sector) = read(device, DESCRIPTORS)?
        && let Some(label) = iso_9660(&sector)
    {
        let file_system = FileSystem::Iso9660;
        return Ok(Some(Volume { file_system, label }));
    }
    let boot_sector = read(device, 0)?;
    Ok(boot_sector.and_then(|sector| fat(&sector)).map(|label| {
        let file_system = FileSystem::Fat;
        Volume { file_system, label }
    }))
}

/// A sector, `None` if the device ends before.
fn read(device: &mut (impl Read + Seek), place: u64) -> Result<Option<[u8; SECTOR]>> {
    let mut sector = [0; SECTOR];
    device.seek(SeekFrom::Start(place))?;
    match device.read_exact(&mut sector) {
        Ok(()) => Ok(Some(sector)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn iso_9660(descriptor: &[u8; SECTOR]) -> Option<String> {
    // The type of a primary volume descriptor, the standard's name, a version.
    descriptor
        .starts_with(b"\x01CD001\x01")
        .then(|| text(&descriptor[40..72]))
}

fn fat(sector: &[u8; SECTOR]) -> Option<String> {
    if sector[510..] != [0x55, 0xaa] {
        return None;
    }
    // FAT32 has no 16-bit number of sectors, and a longer header for that.
    let header = match sector[22..24] {
        [0, 0] => 64,
        _ => 36,
    };
    let (signature, label, kind) = (
        sector[header + 2],
        &sector[header + 7..header + 18],
        &sector[header + 18..header + 23],
    );
    let is_fat = kind.starts_with(b"FAT") && matches!(signature, 0x28 | 0x29);
    is_fat.then(|| text(label))
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_end_matches([' ', '\0']).to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn at(parts: &[(usize, &[u8])]) -> Cursor<Vec<u8>> {
        let mut bytes = vec![0; 40 * 1024];
        for (place, part) in parts {
            bytes[*place..place + part.len()].copy_from_slice(part);
        }
        Cursor::new(bytes)
    }

    fn found(mut device: Cursor<Vec<u8>>) -> Option<(FileSystem, String)> {
        let volume = identify(&mut device).unwrap();
        volume.map(|volume| (volume.file_system, volume.label))
    }

    #[test]
    fn labels_are_found() {
        let iso = [(32768, &b"\x01CD001\x01"[..]), (32808, b"cidata    ")];
        let fat16 = [
            (510, &[0x55, 0xaa][..]),
            (22, &[1, 0]),
            (38, &[0x29]),
            (43, b"CIDATA     FAT12   "),
        ];
        let fat32 = [
            (510, &[0x55, 0xaa][..]),
            (66, &[0x29]),
            (71, b"CONFIG-2   FAT32   "),
        ];
        let both = [&iso[..], &fat16].concat();
        let cidata = |file_system| Some((file_system, "cidata".to_owned()));
        assert_eq!(found(at(&iso)), cidata(FileSystem::Iso9660));
        assert_eq!(found(at(&both)), cidata(FileSystem::Iso9660));
        assert_eq!(found(at(&fat16)), Some((FileSystem::Fat, "CIDATA".into())));
        assert_eq!(
            found(at(&fat32)),
            Some((FileSystem::Fat, "CONFIG-2".into()))
        );
    }

    #[test]
    fn other_devices_have_none() {
        for device in [
            Cursor::new(Vec::new()),
            Cursor::new(vec![0; 511]),
            at(&[]),
            // A partition table.
            at(&[(510, &[0x55, 0xaa])]),
            // The end of a set of descriptors, and a descriptor of 2048 bytes cut.
            at(&[(32768, b"\xffCD001\x01")]),
            Cursor::new(at(&[(32768, b"\x01CD001\x01")]).into_inner()[..33000].to_vec()),
        ] {
            assert_eq!(found(device), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_label_or_none(
            start in prop::collection::vec(any::<u8>(), 512),
            descriptor in prop::collection::vec(any::<u8>(), 512),
        ) {
            let _ = found(at(&[(0, &start), (32768, &descriptor)]));
            let marked = [(0, &start[..]), (510, &[0x55, 0xaa]), (82, b"FAT"), (54, b"FAT")];
            let _ = found(at(&marked));
        }
    }
}
