//! The root hash of the verity tree, and the partitions it names.

use crate::gpt::Guid;
use std::fmt;
use std::str::FromStr;

/// The SHA-256 at the root of a hash tree: it vouches for every block of the
/// root file system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RootHash([u8; 32]);

/// Why a text is not a root hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Of another length than a SHA-256.
    #[error("it has {0} characters, but a SHA-256 has 64 hexadecimal digits")]
    Length(usize),
    /// Something else than a hexadecimal digit.
    #[error("`{0}` is not a hexadecimal digit")]
    Digit(char),
}

impl From<[u8; 32]> for RootHash {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl RootHash {
    /// The 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The unique GUID of the partition with the data, as in the Discoverable
    /// Partitions Specification: the first 128 bits, in text order.
    pub fn data_partition(&self) -> Guid {
        self.half(0)
    }

    /// The unique GUID of the partition with the hash tree: the last 128 bits.
    pub fn hash_partition(&self) -> Guid {
        self.half(16)
    }

    fn half(&self, start: usize) -> Guid {
        Guid(std::array::from_fn(|index| self.0[start + index]))
    }
}

impl FromStr for RootHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(c) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
            return Err(Error::Digit(c));
        }
        decode_hex(text)
            .map(RootHash)
            .ok_or(Error::Length(text.len()))
    }
}

impl fmt::Display for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_hex(&self.0))
    }
}

impl fmt::Debug for RootHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Exactly `N` bytes from hexadecimal digits of either case.
pub(crate) fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    if digits.len() != 2 * N {
        return None;
    }
    Some(std::array::from_fn(|index| {
        digits[2 * index] << 4 | digits[2 * index + 1]
    }))
}
