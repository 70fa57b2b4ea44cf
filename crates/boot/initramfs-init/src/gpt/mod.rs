//! Reading a GUID Partition Table (UEFI specification 2.10, section 5.3).
//!
//! Deliberately our own: this program is loaded whole by the firmware at every
//! boot and must stay tiny, it needs a dozen fields, never writes, and wants
//! to say exactly what is wrong with a damaged table.

mod entries;
mod header;

use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub use entries::Partition;
pub use header::Header;

/// A GUID, its bytes in the order of its text form (on disk, the first three
/// groups are stored little-endian).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// The size of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    sector_bytes: u32,
    sectors: u64,
}

impl Geometry {
    /// A disk with logical sectors of 512 or 4096 bytes, the sizes in use;
    /// `bytes` is the size of the whole disk.
    pub fn new(sector_bytes: u32, bytes: u64) -> Result<Self, Error> {
        if !matches!(sector_bytes, 512 | 4096) {
            return Err(Error::SectorSize(sector_bytes));
        }
        Ok(Self {
            sector_bytes,
            sectors: bytes / u64::from(sector_bytes),
        })
    }

    /// Bytes in a logical sector.
    pub fn sector_bytes(&self) -> u64 {
        self.sector_bytes.into()
    }

    /// Number of logical sectors.
    pub fn sectors(&self) -> u64 {
        self.sectors
    }
}

/// Something that can be read at any place: a disk, or a copy of one in
/// memory.
pub trait ReadAt {
    /// Fills the buffer from an offset in bytes.
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buffer, offset)
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..)?.get(..buffer.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

/// Why one copy of a table, or a disk as a whole, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk has sectors of an unusual size.
    #[error("sectors of {0} bytes are not supported, only 512 and 4096")]
    SectorSize(u32),
    /// The disk could not be read.
    #[error("failed to read sector {lba}: {source}")]
    Read {
        /// The first sector of what was read.
        lba: u64,
        /// What the operating system answered.
        source: io::Error,
    },
    /// There is no header where one should be.
    #[error("no GPT signature in sector {0}")]
    Signature(u64),
    /// A header field holds a value that cannot be.
    #[error("header in sector {lba}: {field} is {found}, which is out of bounds")]
    Field {
        /// The sector of the header.
        lba: u64,
        /// The field, by its name in the specification.
        field: &'static str,
        /// What stands there.
        found: u64,
    },
    /// The header is damaged.
    #[error("header in sector {0}: wrong checksum")]
    HeaderChecksum(u64),
    /// The list of partitions is damaged.
    #[error("partition entries of the header in sector {0}: wrong checksum")]
    EntriesChecksum(u64),
    /// The disk does not have a table at all.
    #[error("no GPT")]
    Absent,
    /// Neither copy of the table is whole.
    #[error("both copies of its GPT are damaged: {primary}; {backup}")]
    Damaged {
        /// What is wrong with the copy at the start.
        primary: Box<Error>,
        /// What is wrong with the copy at the end.
        backup: Box<Error>,
    },
}

/// The partitions of a disk.
#[derive(Debug)]
pub struct Table {
    /// Those that are in use, by ascending number.
    pub partitions: Vec<Partition>,
    /// Why the copy at the start of the disk was not used, if it was not.
    pub primary_damage: Option<Error>,
}

impl Table {
    /// Reads the table at the start of the disk or, if that is damaged, its
    /// copy at the end.
    pub fn read(disk: &(impl ReadAt + ?Sized), geometry: Geometry) -> Result<Self, Error> {
        let primary = match read_copy(disk, geometry, 1) {
            Ok(partitions) => {
                return Ok(Self {
                    partitions,
                    primary_damage: None,
                });
            }
            Err(error) => error,
        };
        // The damaged header cannot be asked where its copy is, but the
        // specification puts that into the last sector.
        match read_copy(disk, geometry, geometry.sectors.saturating_sub(1)) {
            Ok(partitions) => Ok(Self {
                partitions,
                primary_damage: Some(primary),
            }),
            Err(Error::Signature(_)) if matches!(primary, Error::Signature(_)) => {
                Err(Error::Absent)
            }
            Err(backup) => Err(Error::Damaged {
                primary: primary.into(),
                backup: backup.into(),
            }),
        }
    }
}

/// Reads the copy of the table whose header lies in this sector.
fn read_copy(
    disk: &(impl ReadAt + ?Sized),
    geometry: Geometry,
    lba: u64,
) -> Result<Vec<Partition>, Error> {
    let sector_bytes = geometry.sector_bytes();
    let read = |lba: u64, bytes: usize| {
        let mut buffer = vec![0; bytes];
        let offset = lba.saturating_mul(sector_bytes);
        match disk.read_exact_at(&mut buffer, offset) {
            Ok(()) => Ok(buffer),
            Err(source) => Err(Error::Read { lba, source }),
        }
    };
    if geometry.sectors <= lba {
        return Err(Error::Signature(lba));
    }
    let header = Header::parse(&read(lba, geometry.sector_bytes as usize)?, lba, geometry)?;
    header.partitions(&read(header.entries_lba(), header.entries_bytes())?)
}
