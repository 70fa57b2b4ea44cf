//! The partition table: a slot is found at boot by the halves of its root hash
//! (Discoverable Partitions Specification), so who writes a slot writes these.
//!
//! There are two copies of the table. One is written, and is on the disk, before
//! the other one is touched: whatever moment the power goes at, one is whole. A
//! damaged copy is repaired on the way.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use gptman::GPT;

use crate::entry::Slot;

/// Why the table is not changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Neither copy is whole, or it cannot be written.
    #[error("the partition table of {disk}: {source}")]
    Table {
        /// The disk.
        disk: String,
        /// What is wrong.
        source: gptman::Error,
    },
    /// The slot's partitions are not there.
    #[error("the partition table of {disk} has no partition {label}")]
    NoPartition {
        /// The disk.
        disk: String,
        /// The partition.
        label: &'static str,
    },
}

/// What can hold a table, and knows how to make it last.
pub trait Device: Read + Write + Seek {
    /// Returns when all that was written is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Device for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// Gives the two partitions of a slot the identities that a root hash (64
/// hexadecimal digits) makes.
///
/// # Errors
///
/// If there is no such table, or it cannot be written.
pub fn set_identity(disk: &Path, slot: Slot, root_hash: &[u8; 32]) -> Result<(), Error> {
    let mut device = files::at(
        "open",
        disk,
        OpenOptions::new().read(true).write(true).open(disk),
    )?;
    set_identity_on(&mut device, &disk.display().to_string(), slot, root_hash)
}

/// The same, on any device; `disk` is its name for messages.
///
/// # Errors
///
/// See [`set_identity`].
pub fn set_identity_on(
    device: &mut impl Device,
    disk: &str,
    slot: Slot,
    root_hash: &[u8; 32],
) -> Result<(), Error> {
    let table_error = |source| Error::Table {
        disk: disk.to_owned(),
        source,
    };
    let mut table = GPT::find_from(device).map_err(table_error)?;
    let (data, hash) = root_hash.split_at(16);
    for (label, half) in [(slot.root_partition(), data), (slot.hash_partition(), hash)] {
        let found = table
            .iter()
            .find(|(_, partition)| partition.partition_name.as_str() == label)
            .map(|(number, _)| number);
        let number = found.ok_or_else(|| Error::NoPartition {
            disk: disk.to_owned(),
            label,
        })?;
        table[number].unique_partition_guid = mixed_endian(half);
    }
    let mut recorder = Recorder::default();
    // Of a table read from the backup copy, that is the header's own place.
    let primary_was_read = table.header.primary_lba == 1;
    table.write_into(&mut recorder).map_err(table_error)?;
    let mut copies = recorder.regions();
    // First the copy that was not read, be it damaged or the same: the other one
    // is whole until this one is.
    if primary_was_read {
        copies.reverse();
    }
    for (place, bytes) in copies {
        write_at(device, place, &bytes).map_err(|error| table_error(error.into()))?;
    }
    Ok(())
}

fn write_at(device: &mut impl Device, place: u64, bytes: &[u8]) -> io::Result<()> {
    device.seek(SeekFrom::Start(place))?;
    device.write_all(bytes)?;
    device.sync()
}

/// UUIDs have their first three fields the other way round in the table.
fn mixed_endian(uuid: &[u8]) -> [u8; 16] {
    let mut mixed = [0; 16];
    for (target, source) in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        .into_iter()
        .enumerate()
    {
        mixed[target] = uuid[source];
    }
    mixed
}

/// Keeps what is written, by place.
#[derive(Debug, Default)]
struct Recorder {
    place: u64,
    written: BTreeMap<u64, Vec<u8>>,
}

impl Recorder {
    /// What was written, from front to back, with what adjoins put together:
    /// the primary copy and the backup.
    fn regions(self) -> Vec<(u64, Vec<u8>)> {
        let mut regions: Vec<(u64, Vec<u8>)> = Vec::new();
        for (place, bytes) in self.written {
            match regions.last_mut() {
                // Between a header and its entries there is the rest of a sector.
                Some((start, region)) if place - *start <= region.len() as u64 + MAX_GAP => {
                    region.resize((place - *start) as usize, 0);
                    region.extend(bytes);
                }
                _ => regions.push((place, bytes)),
            }
        }
        regions
    }
}

/// Less than a sector of any disk.
const MAX_GAP: u64 = 4095;

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.insert(self.place, bytes.to_vec());
        self.place += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Recorder {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        match place {
            SeekFrom::Start(place) => self.place = place,
            _ => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(self.place)
    }
}
