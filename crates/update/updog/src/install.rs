//! From the repository into a slot.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use futures_util::{StreamExt, stream};
use initramfs_init::root_hash::RootHash;
use lz4_flex::frame::FrameDecoder;
use rustix::fs::{Advice, fadvise};
use slots::{Slot, gpt};
use tokio::sync::mpsc;
use tokio_util::io::{StreamReader, SyncIoBridge};
use update_metadata::Images;

use crate::repository::{self, Repository};
use crate::run_folder::Progress;
use crate::verity::{self, Leaves, Tree};

/// What is read, compared and written at a time.
const PIECE: usize = 1 << 20;
/// What is read of a piece to see that it is another one.
const GLANCE: usize = 4096;

/// How many pieces of a download may wait for the one who works on them.
const PIECES_AHEAD: usize = 32;

/// A kernel image that is larger than this is none. It is kept in memory.
const MAX_BOOT_BYTES: u64 = 128 << 20;

/// Where the parts of a version go.
#[derive(Debug, Clone)]
pub struct Target {
    /// The slot.
    pub slot: Slot,
    /// The disk with its partition table.
    pub disk: PathBuf,
    /// The partition for the root file system.
    pub root: PathBuf,
    /// The partition for its hash tree.
    pub hash: PathBuf,
    /// The file for the kernel image.
    pub boot: PathBuf,
}

/// Why a version was not installed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository.
    #[error(transparent)]
    Repository(#[from] repository::Error),
    /// A disk or file.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The download broke off, or is not what was signed.
    #[error("{target}: {source}")]
    Download {
        /// The target.
        target: String,
        /// What went wrong.
        source: io::Error,
    },
    /// A part has no room.
    #[error("{target} is larger than {place}")]
    TooLarge {
        /// The target.
        target: String,
        /// Where it was to go.
        place: String,
    },
    /// The kernel image names no root file system.
    #[error("{target} is no kernel image of this system: {reason}")]
    Boot {
        /// The target.
        target: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What was written is not what was signed.
    #[error("what was written is not what was signed: {0}")]
    Verity(#[from] verity::Error),
    /// The partition table.
    #[error(transparent)]
    Table(#[from] gpt::Error),
}

/// How much of a part was written, and how much was there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes that are new.
    pub new: u64,
    /// Bytes that were right.
    pub kept: u64,
}

/// Writes all parts of a version to a slot that does not boot, reads them back,
/// and makes the slot findable by its root hash.
///
/// # Errors
///
/// See [`Error`]. The slot does not boot then.
pub async fn install(
    repository: &Repository,
    images: &Images,
    target: &Target,
    progress: Progress,
) -> Result<Written, Error> {
    let source = Source {
        repository,
        progress: Mutex::new(progress),
    };
    let file_system = async {
        // The tree first: it says how the data are hashed when they are read back.
        let hash = to_device(&source, &images.hash, &target.hash, copy).await?;
        let tree = Tree::open(&target.hash)?;
        let (tree, leaves, root) =
            to_device(&source, &images.root, &target.root, |from, to, room| {
                let (written, leaves) = copy_and_read_back(from, to, room, &tree)?;
                Ok((tree, leaves, written))
            })
            .await?;
        Ok((hash, root, tree, leaves))
    };
    // Side by side: one mostly computes while the other waits for the disk.
    let boot = download_boot(&source, &images.boot);
    let ((hash, root, tree, leaves), boot) = tokio::try_join!(file_system, boot)?;
    let root_hash = root_hash(&images.boot, &boot)?;
    tree.compare(leaves, root_hash)?;
    files::replace(&target.boot, &boot, 0o644)?;
    gpt::set_identity(&target.disk, target.slot, &root_hash.bytes())?;
    Ok(Written {
        new: root.new + hash.new + boot.len() as u64,
        kept: root.kept + hash.kept,
    })
}

/// Where parts come from, and who is told how many of them have come.
#[derive(Debug)]
struct Source<'a> {
    repository: &'a Repository,
    progress: Mutex<Progress>,
}

impl Source<'_> {
    /// Works on a target as it comes in: its bytes are fetched and hashed in this
    /// thread, and worked on in another.
    async fn pipe<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&mut dyn Read) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let mut stream = self.repository.stream(name).await?;
        let (sender, mut receiver) = mpsc::channel(PIECES_AHEAD);
        let fetch = async {
            // Moved in: that it is gone is how the other side sees the end.
            let sender = sender;
            while let Some(piece) = stream.next().await {
                if let Ok(bytes) = &piece {
                    let progress = self.progress.lock();
                    let mut progress = progress.unwrap_or_else(PoisonError::into_inner);
                    progress.add(bytes.len() as u64);
                }
                if sender.send(piece.map_err(io::Error::other)).await.is_err() {
                    return;
                }
            }
        };
        let pieces = stream::poll_fn(move |context| receiver.poll_recv(context));
        let mut reader = SyncIoBridge::new(StreamReader::new(pieces));
        let work = tokio::task::spawn_blocking(move || work(&mut reader));
        match tokio::join!(fetch, work) {
            ((), Ok(done)) => Ok(done),
            ((), Err(error)) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// Streams a target into a partition by means of `copy`, which is told how much room
/// there is.
async fn to_device<T: Send + 'static>(
    source: &Source<'_>,
    name: &str,
    device: &Path,
    copy: impl FnOnce(&mut dyn Read, &File, u64) -> Result<T, Fault> + Send + 'static,
) -> Result<T, Error> {
    let mut file = files::at(
        "open",
        device,
        OpenOptions::new().read(true).write(true).open(device),
    )?;
    let copied = source.pipe(name, move |reader| {
        let mut source = FrameDecoder::new(reader);
        let room = file.seek(SeekFrom::End(0)).map_err(Fault::Device)?;
        let copied = copy(&mut source, &file, room)?;
        // To the very end: only there it shows whether all was as signed.
        io::copy(source.into_inner(), &mut io::sink()).map_err(Fault::Source)?;
        file.sync_all().map_err(Fault::Device)?;
        // What is read later is to come from the disk, not from memory.
        let dropped = fadvise(&file, 0, None, Advice::DontNeed);
        dropped.map_err(|error| Fault::Device(error.into()))?;
        Ok(copied)
    });
    copied.await?.map_err(|fault| match fault {
        Fault::Source(source) => Error::Download {
            target: name.to_owned(),
            source,
        },
        Fault::Room => Error::TooLarge {
            target: name.to_owned(),
            place: device.display().to_string(),
        },
        Fault::Device(source) => Error::File(files::Error {
            action: "write",
            path: device.to_owned(),
            source,
        }),
    })
}

/// Whose fault it is.
#[derive(Debug)]
enum Fault {
    Source(io::Error),
    Device(io::Error),
    Room,
}

/// What is there and right is not written again.
fn copy(source: &mut dyn Read, device: &File, room: u64) -> Result<Written, Fault> {
    copy_and_tell(source, device, room, |_| {})
}

/// As [`copy`]; another thread reads what is written back and hashes it.
fn copy_and_read_back(
    source: &mut dyn Read,
    device: &File,
    room: u64,
    tree: &Tree,
) -> Result<(Written, Leaves), Fault> {
    thread::scope(|scope| {
        let (written, places) = std::sync::mpsc::channel();
        let leaves = scope.spawn(|| tree.leaves(device, places));
        let copied = copy_and_tell(source, device, room, |place| {
            // Who is gone has found a fault, and says it when asked for the hashes.
            let _ = written.send(place);
        });
        drop(written);
        match leaves.join() {
            Ok(leaves) => Ok((copied?, leaves.map_err(Fault::Device)?)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Copies, and tells `written_to` after each piece up to which byte all is there.
fn copy_and_tell(
    source: &mut dyn Read,
    device: &File,
    room: u64,
    mut written_to: impl FnMut(u64),
) -> Result<Written, Fault> {
    let mut written = Written::default();
    let (mut piece, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    let mut place = 0;
    loop {
        let length = fill(source, &mut piece).map_err(Fault::Source)?;
        if length == 0 {
            return Ok(written);
        }
        let end = place + length as u64;
        if end > room {
            return Err(Fault::Room);
        }
        let is_there = is_at(device, place, &piece[..length], &mut there);
        if is_there.map_err(Fault::Device)? {
            written.kept += length as u64;
        } else {
            let written_now = device.write_all_at(&piece[..length], place);
            written_now.map_err(Fault::Device)?;
            written.new += length as u64;
        }
        place = end;
        written_to(place);
    }
}

/// Whether a device has these bytes at a place. What is of another version mostly
/// shows at once.
fn is_at(device: &File, place: u64, bytes: &[u8], buffer: &mut [u8]) -> io::Result<bool> {
    let start = bytes.len().min(GLANCE);
    for part in [0..start, start..bytes.len()] {
        let found = &mut buffer[part.clone()];
        device.read_exact_at(found, place + part.start as u64)?;
        if *found != bytes[part] {
            return Ok(false);
        }
    }
    Ok(true)
}

/// As many bytes as there are, up to the buffer's size.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match source.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

async fn download_boot(source: &Source<'_>, name: &str) -> Result<Vec<u8>, Error> {
    let read = source.pipe(name, |reader| {
        let mut bytes = Vec::new();
        let mut source = FrameDecoder::new(reader);
        (&mut source)
            .take(MAX_BOOT_BYTES + 1)
            .read_to_end(&mut bytes)?;
        io::copy(source.into_inner(), &mut io::sink())?;
        Ok(bytes)
    });
    let target = || name.to_owned();
    let bytes = read.await?.map_err(|source| Error::Download {
        target: target(),
        source,
    })?;
    match bytes.len() as u64 > MAX_BOOT_BYTES {
        true => Err(Error::TooLarge {
            target: target(),
            place: format!("the {MAX_BOOT_BYTES} bytes that a kernel image may have"),
        }),
        false => Ok(bytes),
    }
}

/// The root hash on the command line in a kernel image.
fn root_hash(target: &str, image: &[u8]) -> Result<RootHash, Error> {
    let wrong = |reason: String| Error::Boot {
        target: target.to_owned(),
        reason,
    };
    let parsed = goblin::pe::PE::parse(image).map_err(|e| wrong(e.to_string()))?;
    let section = parsed
        .sections
        .iter()
        .find(|section| section.name().is_ok_and(|name| name == ".cmdline"))
        .ok_or_else(|| wrong("it has no command line".to_owned()))?;
    let start = section.pointer_to_raw_data as usize;
    let text = image
        .get(start..start.saturating_add(section.virtual_size as usize))
        .and_then(|bytes| str::from_utf8(bytes).ok())
        .ok_or_else(|| wrong("its command line is no text".to_owned()))?;
    initramfs_init::cmdline::root_hash(text.trim_end_matches('\0'))
        .map_err(|e| wrong(e.to_string()))
}
