//! The header of a partition table.

use super::{Error, Geometry, Guid, Partition};
use crate::crc32::crc32;
use std::ops::RangeInclusive;

/// Bytes of the fields that the specification defines.
const FIELDS_BYTES: u32 = 92;

/// Bytes of a partition entry: 128 in practice, and a power of two above that
/// by the specification.
const ENTRY_BYTES: RangeInclusive<u32> = 128..=4096;

/// Entries in a table: 128 in practice. Together with the size of an entry
/// this bounds what is read from a disk to 4 MiB.
const ENTRIES: RangeInclusive<u32> = 1..=1024;

/// A header whose checksum and fields are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    lba: u64,
    usable: RangeInclusive<u64>,
    entries_lba: u64,
    entries: u32,
    entry_bytes: u32,
    entries_crc: u32,
}

impl Header {
    /// Checks the header in a sector of the disk.
    pub fn parse(sector: &[u8], lba: u64, geometry: Geometry) -> Result<Self, Error> {
        if !sector.starts_with(b"EFI PART") || sector.len() < FIELDS_BYTES as usize {
            return Err(Error::Signature(lba));
        }
        let field = |field, found: u64, good: bool| match good {
            true => Ok(found),
            false => Err(Error::Field { lba, field, found }),
        };

        let bytes = u32_at(sector, 12);
        let fits = bytes >= FIELDS_BYTES && bytes as usize <= sector.len();
        field("HeaderSize", bytes.into(), fits)?;
        let mut summed = sector[..bytes as usize].to_vec();
        summed[16..20].fill(0);
        if crc32(&summed) != u32_at(sector, 16) {
            return Err(Error::HeaderChecksum(lba));
        }

        // From here on the header is what somebody wrote on purpose; but
        // perhaps to another place, or for a larger disk.
        let revision = u32_at(sector, 8);
        field("Revision", revision.into(), revision >> 16 == 1)?;
        let own = u64_at(sector, 24);
        field("MyLBA", own, own == lba)?;
        let (first, last) = (u64_at(sector, 40), u64_at(sector, 48));
        field("LastUsableLBA", last, last < geometry.sectors())?;
        field("FirstUsableLBA", first, first > 1 && first <= last)?;

        let entries = u32_at(sector, 80);
        field(
            "NumberOfPartitionEntries",
            entries.into(),
            ENTRIES.contains(&entries),
        )?;
        let entry_bytes = u32_at(sector, 84);
        let possible = ENTRY_BYTES.contains(&entry_bytes) && entry_bytes.is_power_of_two();
        field("SizeOfPartitionEntry", entry_bytes.into(), possible)?;
        let entries_lba = u64_at(sector, 72);
        let sectors =
            (u64::from(entries) * u64::from(entry_bytes)).div_ceil(geometry.sector_bytes());
        let outside = entries_lba
            .checked_add(sectors)
            .is_some_and(|end| match lba {
                1 => entries_lba > 1 && end <= first,
                _ => entries_lba > last && end <= lba,
            });
        field("PartitionEntryLBA", entries_lba, outside)?;

        Ok(Self {
            lba,
            usable: first..=last,
            entries_lba,
            entries,
            entry_bytes,
            entries_crc: u32_at(sector, 88),
        })
    }

    /// First sector of the partition entries.
    pub fn entries_lba(&self) -> u64 {
        self.entries_lba
    }

    /// Bytes of the partition entries, at most 4 MiB.
    pub fn entries_bytes(&self) -> usize {
        self.entries as usize * self.entry_bytes as usize
    }

    /// Checks the entries this header belongs to, and returns those in use.
    ///
    /// An entry outside the usable part of the disk is left out rather than
    /// refusing the table: so does the kernel, and the partitions it makes are
    /// what is used in the end.
    pub fn partitions(&self, entries: &[u8]) -> Result<Vec<Partition>, Error> {
        if entries.len() != self.entries_bytes() || crc32(entries) != self.entries_crc {
            return Err(Error::EntriesChecksum(self.lba));
        }
        Ok(entries
            .chunks_exact(self.entry_bytes as usize)
            .zip(1..)
            .filter_map(|(entry, number)| Partition::parse(entry, number))
            .filter(|partition| {
                partition.first_lba <= partition.last_lba
                    && self.usable.contains(&partition.first_lba)
                    && self.usable.contains(&partition.last_lba)
            })
            .collect())
    }
}

/// A little-endian number at an offset that lies within the bytes.
pub(super) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(std::array::from_fn(|index| bytes[offset + index]))
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|index| bytes[offset + index]))
}

/// A GUID as it is stored on disk.
pub(super) fn guid_at(bytes: &[u8], offset: usize) -> Guid {
    const TEXT_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    Guid(TEXT_ORDER.map(|index| bytes[offset + index]))
}
