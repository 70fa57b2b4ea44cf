//! The archive (tar, gzip), which has a limit.

use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

/// Bytes of one file.
pub(crate) const MAX_FILE: u64 = 8 << 20;
/// Bytes of all of them.
const MAX_ALL: u64 = 64 << 20;
/// The folder that all are in.
const FOLDER: &str = "bottlerocket-logs";

/// An archive that is being written.
pub(crate) struct Bundle<W: Write> {
    archive: Builder<GzEncoder<W>>,
    now: u64,
    /// Bytes that there is room for.
    room: u64,
    full: bool,
}

impl<W: Write> Bundle<W> {
    pub(crate) fn new(to: W) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            archive: Builder::new(GzEncoder::new(to, Compression::default())),
            now: now.map_or(0, |now| now.as_secs()),
            room: MAX_ALL,
            full: false,
        }
    }

    /// Adds a file, if there is room for it.
    pub(crate) fn add(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        match self.room.checked_sub(content.len() as u64) {
            Some(room) => {
                self.room = room;
                self.add_last(path, content)
            }
            None => {
                self.full = true;
                Ok(())
            }
        }
    }

    /// Adds a file, even if there is no room any more.
    pub(crate) fn add_last(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(0o600);
        header.set_mtime(self.now);
        header.set_size(content.len() as u64);
        let path = Path::new(FOLDER).join(path);
        self.archive.append_data(&mut header, path, content)
    }

    /// Whether something had no room.
    pub(crate) fn is_full(&self) -> bool {
        self.full
    }

    pub(crate) fn finish(self) -> anyhow::Result<()> {
        Ok(self.archive.into_inner()?.finish()?.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_limit() {
        let mut bundle = Bundle::new(io::sink());
        bundle.room = 10;
        bundle.add(Path::new("most"), b"12345678").expect("written");
        bundle.add(Path::new("rest"), b"12").expect("written");
        assert!(!bundle.is_full());
        bundle.add(Path::new("more"), b"1").expect("left out");
        assert!(bundle.is_full());
        bundle.add_last(Path::new("last"), b"1").expect("written");
        bundle.finish().expect("written");
    }
}
