//! Images, raw or compressed.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use ruzstd::decoding::StreamingDecoder;

use crate::Error;

/// An image that is read from its beginning to its end.
pub(crate) struct Image {
    path: PathBuf,
    reader: Box<dyn Read>,
    /// Its size in bytes, if that is known beforehand.
    pub(crate) size: Option<u64>,
}

impl Image {
    pub(crate) fn open(path: &Path) -> Result<Image, Error> {
        let file = files::at("open", path, File::open(path))?;
        let length = files::at("examine", path, file.metadata())?.len();
        let path = path.to_owned();
        if path.extension().is_none_or(|ending| ending != "zst") {
            return Ok(Image {
                path,
                reader: Box::new(file),
                size: Some(length),
            });
        }
        let decoder = StreamingDecoder::new(BufReader::with_capacity(1 << 20, file));
        match decoder {
            Ok(decoder) => Ok(Image {
                path,
                size: Some(decoder.decoder.content_size()).filter(|size| *size > 0),
                reader: Box::new(decoder),
            }),
            Err(reason) => Err(Error::Image {
                path,
                reason: io::Error::other(reason),
            }),
        }
    }

    /// Fills a piece, unless the image ends before; returns how much there was.
    pub(crate) fn read(&mut self, piece: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < piece.len() {
            match self.reader.read(&mut piece[filled..]) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(reason) => {
                    let path = self.path.clone();
                    return Err(Error::Image { path, reason });
                }
            }
        }
        Ok(filled)
    }
}
