//! Writing, and reading back.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};
use sha2::{Digest, Sha256};

use crate::Error;
use crate::disk::Disk;
use crate::image::Image;

const PIECE: usize = 1 << 20;

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The image is written.
    Writing,
    /// What was written is read back.
    Verifying,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Bytes that are done.
    pub done: u64,
    /// All bytes, if that is known.
    pub all: Option<u64>,
}

/// What a piece is to be like when it is read back: all zero, or of a digest.
type Sum = Option<[u8; 32]>;

/// Writes an image and reads it back; returns its size. So many bytes are to be left
/// behind it.
pub(crate) fn write(
    path: &Path,
    disk: &Disk,
    left: u64,
    progress: &mut impl FnMut(Progress),
) -> Result<u64, Error> {
    let mut image = Image::open(path)?;
    let all = image.size;
    let too_small = |image: u64| Error::TooSmall {
        path: disk.path.clone(),
        size: disk.size,
        image,
    };
    let fits = |end: u64| disk.is_file || end + left <= disk.size;
    if let Some(size) = all.filter(|size| !fits(*size)) {
        return Err(too_small(size + left));
    }
    // A table of partitions at the end of the disk would be found by repairs of the new one.
    disk.forget_end()?;
    let mut piece = vec![0; PIECE];
    let mut sums = Vec::new();
    let mut position = 0;
    let written = |result| files::at("write", &disk.path, result);
    loop {
        let length = image.read(&mut piece)?;
        if length == 0 {
            break;
        }
        let end = position + length as u64;
        if !fits(end) {
            return Err(too_small(end + left));
        }
        let content = &piece[..length];
        let sum = sum(content);
        match sum {
            None => written(zero(disk, position, content))?,
            Some(_) => written(disk.file.write_all_at(content, position))?,
        }
        sums.push(sum);
        position = end;
        progress(Progress {
            stage: Stage::Writing,
            done: position,
            all,
        });
    }
    if disk.is_file {
        written(disk.file.set_len(position))?;
    }
    written(disk.file.sync_all())?;
    verify(disk, position, &sums, progress)?;
    Ok(position)
}

fn sum(content: &[u8]) -> Sum {
    let digest = || Sha256::digest(content).into();
    content.iter().any(|byte| *byte != 0).then(digest)
}

/// Zeroes, the quick way where there is one.
fn zero(disk: &Disk, position: u64, content: &[u8]) -> io::Result<()> {
    let length = content.len() as u64;
    match fallocate(&disk.file, FallocateFlags::ZERO_RANGE, position, length) {
        Ok(()) => Ok(()),
        Err(_) => disk.file.write_all_at(content, position),
    }
}

fn verify(
    disk: &Disk,
    size: u64,
    sums: &[Sum],
    progress: &mut impl FnMut(Progress),
) -> Result<(), Error> {
    disk.forget_cached();
    let mut piece = vec![0; PIECE];
    let mut position = 0;
    for expected in sums {
        let length = PIECE.min((size - position) as usize);
        let content = &mut piece[..length];
        files::at(
            "read",
            &disk.path,
            disk.file.read_exact_at(content, position),
        )?;
        if *expected != sum(content) {
            let path = disk.path.clone();
            return Err(Error::Mismatch { path, position });
        }
        position += length as u64;
        progress(Progress {
            stage: Stage::Verifying,
            done: position,
            all: Some(size),
        });
    }
    Ok(())
}
