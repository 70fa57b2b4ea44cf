//! Lines out of a stream that arrives in pieces.

use crate::MAX_LINE_BYTES;

/// Cuts a byte stream into lines. A line longer than [`MAX_LINE_BYTES`] is
/// dropped as a whole, so that garbage cannot fill the memory; empty lines are
/// dropped too, because a sender ends whatever came before with a line feed.
#[derive(Debug, Default)]
pub struct Lines {
    pending: Vec<u8>,
    overlong: bool,
}

impl Lines {
    /// Takes the next piece of the stream and returns the lines it completes,
    /// without their line feeds.
    pub fn push(&mut self, mut piece: &[u8]) -> Vec<Vec<u8>> {
        let mut complete = Vec::new();
        while let Some(end) = piece.iter().position(|&b| b == b'\n') {
            self.keep(&piece[..end]);
            let line = std::mem::take(&mut self.pending);
            if !std::mem::take(&mut self.overlong) && !line.is_empty() {
                complete.push(line);
            }
            piece = &piece[end + 1..];
        }
        self.keep(piece);
        complete
    }

    fn keep(&mut self, piece: &[u8]) {
        if self.overlong || self.pending.len() + piece.len() > MAX_LINE_BYTES {
            self.overlong = true;
            self.pending = Vec::new();
        } else {
            self.pending.extend_from_slice(piece);
        }
    }
}
