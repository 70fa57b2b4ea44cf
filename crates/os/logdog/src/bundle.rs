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
    written: u64,
    full: bool,
}

impl<W: Write> Bundle<W> {
    pub(crate) fn new(to: W) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            archive: Builder::new(GzEncoder::new(to, Compression::default())),
            now: now.map_or(0, |now| now.as_secs()),
            written: 0,
            full: false,
        }
    }

    /// Adds a file, if there is room for it.
    pub(crate) fn add(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        if self.written + content.len() as u64 > MAX_ALL {
            self.full = true;
            return Ok(());
        }
        self.add_last(path, content)
    }

    /// Adds a file, even if there is no room any more.
    pub(crate) fn add_last(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.written += content.len() as u64;
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
        let piece = vec![b'a'; MAX_FILE as usize];
        for number in 0..MAX_ALL / MAX_FILE {
            let name = number.to_string();
            bundle.add(Path::new(&name), &piece).expect("written");
        }
        assert!(!bundle.is_full());
        bundle.add(Path::new("more"), b"a").expect("left out");
        assert!(bundle.is_full());
        bundle.finish().expect("written");
    }
}
