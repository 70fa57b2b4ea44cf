//! What is read, counted and hashed.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA256};

/// A reader that hashes what passes.
pub(crate) struct Hashing<R> {
    inner: R,
    context: Context,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            context: Context::new(&SHA256),
        }
    }

    /// The reader, and the SHA-256 of all that was read, in hexadecimal.
    pub(crate) fn finish(self) -> (R, String) {
        let digest = self.context.finish();
        let text = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        (self.inner, text)
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.context.update(&buffer[..length]);
        Ok(length)
    }
}
