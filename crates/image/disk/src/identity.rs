//! What makes two builds of the same thing the same, bit for bit.

use sha2::{Digest, Sha256};

/// What an image is called, and the one moment in time it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Variant, such as `metal-dev`.
    pub variant: String,
    /// Architecture, such as `x86_64`.
    pub architecture: String,
    /// Version of the operating system.
    pub version: String,
    /// Seconds since 1970: the time of every file of the image.
    pub epoch: u64,
}

impl Identity {
    /// The stem of the artefacts' file names.
    pub(crate) fn file_stem(&self) -> String {
        format!("bottlerocket-{}-{}", self.variant, self.architecture)
    }

    /// An identifier (RFC 9562, version 8) that depends on this identity and
    /// the purpose alone. Random ones would make every build different.
    pub(crate) fn uuid(&self, purpose: &str) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.bytes(purpose)[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        bytes
    }

    /// 32 bytes that depend on this identity and the purpose alone.
    pub(crate) fn bytes(&self, purpose: &str) -> [u8; 32] {
        let text = format!(
            "bottlerocket\0{}\0{}\0{}\0{purpose}",
            self.variant, self.architecture, self.version
        );
        Sha256::digest(text).into()
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The usual text form of a UUID.
pub(crate) fn uuid_text(uuid: &[u8; 16]) -> String {
    let h = hex(uuid);
    format!(
        "{}-{}-{}-{}-{}",
        &h[..8],
        &h[8..12],
        &h[12..16],
        &h[16..20],
        &h[20..]
    )
}

/// A UUID as GPT and EFI store it: the first three fields little-endian.
pub(crate) fn mixed_endian(uuid: &[u8; 16]) -> [u8; 16] {
    let mut bytes = *uuid;
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

#[cfg(test)]
pub(crate) fn example() -> Identity {
    Identity {
        variant: "metal-dev".into(),
        architecture: "x86_64".into(),
        version: "0.1.0".into(),
        epoch: 1_767_225_600,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_depend_on_identity_and_purpose_alone() {
        let identity = example();
        assert_eq!(identity.uuid("disk"), identity.uuid("disk"));
        assert_ne!(identity.uuid("disk"), identity.uuid("ESP"));
        let next = Identity {
            version: "0.2.0".into(),
            ..example()
        };
        assert_ne!(identity.uuid("disk"), next.uuid("disk"));
        let text = uuid_text(&identity.uuid("disk"));
        assert_eq!((text.len(), &text[14..15]), (36, "8"), "{text}");
    }

    #[test]
    fn gpt_swaps_the_first_three_fields() {
        let uuid: [u8; 16] = std::array::from_fn(|i| i as u8);
        let expected = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
        assert_eq!(mixed_endian(&uuid), expected);
    }
}
