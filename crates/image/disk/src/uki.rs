//! The unified kernel image: systemd's UEFI stub with the kernel, its command
//! line and the initramfs as sections of one PE program (UAPI.5 Unified Kernel
//! Image). One file, one signature.
//!
//! Sections are only appended, so a few header fields have to be kept right;
//! a library that rewrites whole PE files would not make the same bytes twice.

use crate::Error;
use std::path::Path;

/// Offsets in the PE header, from the start of the `PE\0\0` signature
/// (PE Format, "COFF File Header" and "Optional Header").
const SECTION_COUNT: usize = 6;
const OPTIONAL_HEADER_SIZE: usize = 20;
const OPTIONAL_HEADER: usize = 24;
/// Offsets in the optional header.
const INITIALIZED_DATA_SIZE: usize = 8;
const SECTION_ALIGNMENT: usize = 32;
const FILE_ALIGNMENT: usize = 36;
const IMAGE_SIZE: usize = 56;
const HEADERS_SIZE: usize = 60;
const CHECKSUM: usize = 64;
/// A section header's size, and the fields we set.
const SECTION_HEADER: usize = 40;
/// `IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ`.
const READ_ONLY_DATA: u32 = 0x4000_0040;

/// Writes the stub with the given sections added to `output`.
///
/// # Errors
///
/// If the stub is none, or a file cannot be read or written.
pub fn make(stub: &Path, sections: &[(&str, Vec<u8>)], output: &Path) -> Result<(), Error> {
    let image = append(&files::read(stub)?, sections).map_err(|reason| Error::Stub {
        path: stub.to_owned(),
        reason,
    })?;
    Ok(files::write(output, image)?)
}

fn append(stub: &[u8], sections: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, &'static str> {
    let mut image = Image::parse(stub)?;
    for (name, content) in sections {
        image.add(name, content)?;
    }
    image.finish()
}

struct Image {
    bytes: Vec<u8>,
    signature: usize,
    table: usize,
    count: usize,
    next_address: u32,
    added: u32,
    section_alignment: u32,
    file_alignment: u32,
}

impl Image {
    fn parse(stub: &[u8]) -> Result<Image, &'static str> {
        let bytes = stub.to_vec();
        if !bytes.starts_with(b"MZ") {
            return Err("it is no PE program");
        }
        let signature = get(&bytes, 0x3c)? as usize;
        if bytes.get(signature..signature.saturating_add(4)) != Some(b"PE\0\0") {
            return Err("it is no PE program");
        }
        let count = half(&bytes, signature + SECTION_COUNT)? as usize;
        let optional = signature + OPTIONAL_HEADER;
        let table = optional + half(&bytes, signature + OPTIONAL_HEADER_SIZE)? as usize;
        let section_alignment = get(&bytes, optional + SECTION_ALIGNMENT)?;
        let file_alignment = get(&bytes, optional + FILE_ALIGNMENT)?;
        if !section_alignment.is_power_of_two() || !file_alignment.is_power_of_two() {
            return Err("its alignments are not powers of two");
        }
        let mut end: u32 = 0;
        for index in 0..count {
            let header = table + index * SECTION_HEADER;
            let (size, address) = (get(&bytes, header + 8)?, get(&bytes, header + 12)?);
            end = end.max(
                address
                    .checked_add(size)
                    .ok_or("a section ends beyond 4 GiB")?,
            );
        }
        Ok(Image {
            bytes,
            signature,
            table,
            count,
            next_address: align(end, section_alignment)?,
            added: 0,
            section_alignment,
            file_alignment,
        })
    }

    fn add(&mut self, name: &str, content: &[u8]) -> Result<(), &'static str> {
        let header = self.table + self.count * SECTION_HEADER;
        let headers_end = get(&self.bytes, self.signature + OPTIONAL_HEADER + HEADERS_SIZE)?;
        if header + SECTION_HEADER > headers_end as usize {
            return Err("its header has no room for another section");
        }
        let size = u32::try_from(content.len()).map_err(|_| "a section exceeds 4 GiB")?;
        let on_disk = align(size, self.file_alignment)?;
        self.pad()?;
        let offset = u32::try_from(self.bytes.len()).map_err(|_| "it exceeds 4 GiB")?;
        let mut label = [0; 8];
        label
            .get_mut(..name.len())
            .ok_or("a section name exceeds 8 bytes")?
            .copy_from_slice(name.as_bytes());
        self.bytes[header..header + SECTION_HEADER].fill(0);
        self.bytes[header..header + 8].copy_from_slice(&label);
        for (field, value) in [
            (8, size),
            (12, self.next_address),
            (16, on_disk),
            (20, offset),
            (36, READ_ONLY_DATA),
        ] {
            put(&mut self.bytes, header + field, value);
        }
        self.bytes.extend_from_slice(content);
        self.pad()?;
        let end = self
            .next_address
            .checked_add(size)
            .ok_or("it exceeds 4 GiB")?;
        self.next_address = align(end, self.section_alignment)?;
        self.added += on_disk;
        self.count += 1;
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<u8>, &'static str> {
        let optional = self.signature + OPTIONAL_HEADER;
        let data = get(&self.bytes, optional + INITIALIZED_DATA_SIZE)?;
        let data = data.checked_add(self.added).ok_or("it exceeds 4 GiB")?;
        put(&mut self.bytes, optional + INITIALIZED_DATA_SIZE, data);
        put(&mut self.bytes, optional + IMAGE_SIZE, self.next_address);
        // Zero means that there is none; firmware does not ask for one.
        put(&mut self.bytes, optional + CHECKSUM, 0);
        let count = u16::try_from(self.count).map_err(|_| "it has too many sections")?;
        let place = self.signature + SECTION_COUNT;
        self.bytes[place..place + 2].copy_from_slice(&count.to_le_bytes());
        Ok(self.bytes)
    }

    fn pad(&mut self) -> Result<(), &'static str> {
        let length = u32::try_from(self.bytes.len()).map_err(|_| "it exceeds 4 GiB")?;
        self.bytes
            .resize(align(length, self.file_alignment)? as usize, 0);
        Ok(())
    }
}

fn align(value: u32, alignment: u32) -> Result<u32, &'static str> {
    value
        .checked_next_multiple_of(alignment)
        .ok_or("it exceeds 4 GiB")
}

fn get(bytes: &[u8], at: usize) -> Result<u32, &'static str> {
    bytes
        .get(at..at + 4)
        .and_then(|b| b.try_into().ok())
        .map(u32::from_le_bytes)
        .ok_or("its header is cut short")
}

fn half(bytes: &[u8], at: usize) -> Result<u16, &'static str> {
    bytes
        .get(at..at + 2)
        .and_then(|b| b.try_into().ok())
        .map(u16::from_le_bytes)
        .ok_or("its header is cut short")
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PE header with one section and room for `room` more.
    fn stub(room: usize) -> Vec<u8> {
        let mut bytes = vec![0; 0x400];
        bytes[..2].copy_from_slice(b"MZ");
        put(&mut bytes, 0x3c, 0x40);
        bytes[0x40..0x44].copy_from_slice(b"PE\0\0");
        bytes[0x46] = 1;
        bytes[0x54] = 0x70;
        let (optional, table) = (0x58, 0x58 + 0x70);
        put(&mut bytes, optional + SECTION_ALIGNMENT, 0x1000);
        put(&mut bytes, optional + FILE_ALIGNMENT, 0x200);
        let headers = table + (1 + room) * SECTION_HEADER;
        put(&mut bytes, optional + HEADERS_SIZE, headers as u32);
        put(&mut bytes, table + 8, 0x123);
        put(&mut bytes, table + 12, 0x1000);
        bytes
    }

    #[test]
    fn sections_are_aligned_and_counted() {
        let sections = [(".osrel", b"NAME=x".to_vec()), (".linux", vec![7; 0x1001])];
        let image = append(&stub(2), &sections).unwrap();
        let table = 0x58 + 0x70 + SECTION_HEADER;
        assert_eq!(half(&image, 0x46).unwrap(), 3);
        let field = |section: usize, offset| {
            get(&image, table + section * SECTION_HEADER + offset).unwrap()
        };
        assert_eq!(
            (field(0, 8), field(0, 12), field(0, 16)),
            (6, 0x2000, 0x200)
        );
        assert_eq!(
            (field(1, 8), field(1, 12), field(1, 16)),
            (0x1001, 0x3000, 0x1200)
        );
        assert_eq!(get(&image, 0x58 + IMAGE_SIZE).unwrap(), 0x5000);
        let offset = field(1, 20) as usize;
        assert_eq!(&image[offset..offset + 2], [7, 7]);
    }

    #[test]
    fn unusable_stubs_are_refused() {
        let one = [(".a", vec![1])];
        let table: [(&str, Vec<u8>); 4] = [
            ("it is no PE program", b"ELF".to_vec()),
            ("its header is cut short", b"MZ".to_vec()),
            ("its header has no room for another section", stub(0)),
            ("it is no PE program", stub(1)[..0x41].to_vec()),
        ];
        for (reason, bytes) in table {
            assert_eq!(append(&bytes, &one).unwrap_err(), reason);
        }
    }

    #[test]
    fn no_prefix_of_a_stub_panics() {
        let whole = stub(3);
        for end in 0..whole.len() {
            let _ = append(&whole[..end], &[(".a", vec![1])]);
        }
    }
}
