//! Writes a disk image to a disk, and reads it back.
//!
//! Disks that are in use are refused, and so are those that hold something, unless that
//! may go. What is zero in the image is zero on the disk, too, without being written
//! where the disk has a quicker way.
//!
//! Images are laid out for sectors of 512 bytes. On a disk with others, the table of
//! partitions and the file system for the firmware are made anew. User data can be given
//! along: it lies in a volume of its own, as cloud-init's NoCloud has it.

mod disk;
mod image;
mod layout;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use disk::Disk;
use pinned_url::PinnedUrl;
pub use write::{Progress, Stage};

/// The sectors that disks may have, in bytes; images are laid out for the first.
const SECTORS: [u64; 2] = [512, 4096];

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
    #[error("{} holds something: {what}\nhint: --wipe lets it go, and with an installer the kernel argument bottlerocket.install.wipe", path.display())]
    HasData {
        /// The disk.
        path: PathBuf,
        /// What.
        what: &'static str,
    },
    /// The image is larger.
    #[error("{} has {size} bytes, the image and what goes with it have {image}", path.display())]
    TooSmall {
        /// The disk.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The size of the image in bytes.
        image: u64,
    },
    /// Its sectors are none that an image can be laid out for.
    #[error("{} has sectors of {sector} bytes\nhint: disks with 512 or 4096 are written to", path.display())]
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
    /// The image's partitions cannot be laid out on the disk.
    #[error("the partition table of {}: {reason}", path.display())]
    Table {
        /// The disk.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file system of the image cannot be read, or made on the disk.
    #[error("the file system {label} on {}: {reason}", path.display())]
    FileSystem {
        /// The disk.
        path: PathBuf,
        /// Which.
        label: &'static str,
        /// What went wrong.
        reason: io::Error,
    },
    /// There is more user data than its volume holds.
    #[error("user data of {0} bytes\nhint: there may be {MAX_USER_DATA}")]
    UserData(usize),
}

/// What a node reads on its first boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserData {
    /// These.
    Document(Vec<u8>),
    /// What it fetches from there.
    At(PinnedUrl),
}

impl UserData {
    /// The file that has it in a volume `cidata`.
    fn file(&self) -> (&'static str, Vec<u8>) {
        match self {
            Self::Document(text) => ("user-data", text.clone()),
            Self::At(address) => ("user-data-url", format!("{address}\n").into_bytes()),
        }
    }
}

/// Size of user data, at most.
pub const MAX_USER_DATA: usize = 1 << 20;

/// How an image is written.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether what is on the disk may go.
    pub wipe: bool,
    /// User data for the first boot.
    pub user_data: Option<UserData>,
}

/// Writes an image, raw or compressed (`.zst`), to a disk or into a file, and reads it
/// back.
///
/// # Errors
///
/// If the disk is not to be written to, or is not then as it should be.
pub fn flash(
    image: &Path,
    target: &Path,
    options: &Options,
    mut progress: impl FnMut(Progress),
) -> Result<(), Error> {
    let user_data = options.user_data.as_ref();
    match user_data {
        Some(UserData::Document(text)) if text.len() > MAX_USER_DATA => {
            return Err(Error::UserData(text.len()));
        }
        _ => {}
    }
    let disk = Disk::open(target)?;
    if !options.wipe {
        disk.is_empty()?;
    }
    // Before anything is lost it has to be known that all has room.
    let left = user_data.map_or(0, |_| layout::USER_DATA_BYTES);
    let size = write::write(image, &disk, left, &mut progress)?;
    match disk.is_file && user_data.is_none() {
        true => Ok(()),
        false => layout::adapt(&disk, size, user_data),
    }
}

#[cfg(test)]
mod tests;
