//! One entry of a partition table.

use super::Guid;
use super::header::{guid_at, u64_at};

/// A partition that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number, counted from 1: what the kernel's name for it ends with.
    pub number: u32,
    /// What it is called for by the root hash (`PARTUUID`).
    pub unique: Guid,
    /// First logical sector.
    pub first_lba: u64,
    /// Last logical sector, which belongs to it.
    pub last_lba: u64,
    /// Its label; what is not valid UTF-16 is replaced.
    pub name: String,
}

impl Partition {
    /// Reads an entry of at least 128 bytes; `None` if it is not in use.
    pub(super) fn parse(entry: &[u8], number: u32) -> Option<Self> {
        let unused = entry[..16].iter().all(|byte| *byte == 0);
        (!unused).then(|| Self {
            number,
            unique: guid_at(entry, 16),
            first_lba: u64_at(entry, 32),
            last_lba: u64_at(entry, 40),
            name: name(&entry[56..128]),
        })
    }

    /// Length in logical sectors; what [`Header::partitions`] returns is never
    /// empty.
    ///
    /// [`Header::partitions`]: super::Header::partitions
    pub fn sectors(&self) -> u64 {
        self.last_lba - self.first_lba + 1
    }
}

fn name(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0);
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
