//! Writes a disk image to a disk, and reads it back.
//!
//! Disks that are in use are refused, and so are those that hold something, unless that
//! may go. What is zero in the image is zero on the disk, too, without being written
//! where the disk has a quicker way.

mod disk;
mod image;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use disk::Disk;
pub use write::{Progress, Stage};

/// What images are laid out for, in bytes.
const SECTOR: u64 = 512;

/// Why an image was not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// It is neither a disk nor a file.
    #[error("{} is neither a disk nor a file", .0.display())]
    NoDisk(PathBuf),
    /// It is a part of a disk.
    #[error("{} is a partition\nhint: name the whole disk, {}", path.display(), disk.display())]
    Partition {
        /// The partition.
        path: PathBuf,
        /// Its disk.
        disk: PathBuf,
    },
    /// Somebody uses it.
    #[error("{} is in use: {why}\nhint: is it the right disk? Then unmount it", path.display())]
    InUse {
        /// The disk.
        path: PathBuf,
        /// By whom.
        why: String,
    },
    /// Something is on it.
    #[error("{} holds something: {what}\nhint: --wipe lets it go", path.display())]
    HasData {
        /// The disk.
        path: PathBuf,
        /// What.
        what: &'static str,
    },
    /// The image is larger.
    #[error("{} has {size} bytes, the image has {image}", path.display())]
    TooSmall {
        /// The disk.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The size of the image in bytes.
        image: u64,
    },
    /// Its sectors are not those that the image is laid out for.
    #[error("{} has sectors of {sector} bytes, the image is laid out for {SECTOR}", path.display())]
    Sectors {
        /// The disk.
        path: PathBuf,
        /// Their size in bytes.
        sector: u64,
    },
    /// What was read back is not what was written.
    #[error(
        "{} holds something else than was written, from byte {position} on\n\
         hint: the disk may be broken, or smaller than it says",
        path.display()
    )]
    Mismatch {
        /// The disk.
        path: PathBuf,
        /// Where the first piece that differs begins.
        position: u64,
    },
    /// The image cannot be unpacked.
    #[error("{}: {reason}", path.display())]
    Image {
        /// The image.
        path: PathBuf,
        /// What is wrong with it.
        reason: io::Error,
    },
}

/// Writes an image, raw or compressed (`.zst`), to a disk or into a file, and reads it
/// back. What is on the disk is lost, if `wipe` says that it may be.
///
/// # Errors
///
/// If the disk is not to be written to, or is not then as it should be.
pub fn flash(
    image: &Path,
    target: &Path,
    wipe: bool,
    mut progress: impl FnMut(Progress),
) -> Result<(), Error> {
    let disk = Disk::open(target)?;
    if !wipe {
        disk.is_empty()?;
    }
    write::write(image, &disk, &mut progress)
}

#[cfg(test)]
mod tests;
