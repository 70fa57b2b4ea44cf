//! The identity of this machine, `machine-id(5)`.
//!
//! It has to be there before systemd starts: without one, systemd takes every
//! boot for the first, and switches on every unit by preset. The partition
//! with the node's own state is not mounted yet, so it is derived anew at each
//! boot, from what stays the same.

use crate::root_hash::{decode_hex, encode_hex};
use sha2::{Digest, Sha256};
use std::fmt;

/// Separates identities made here from any other use of the product UUID.
const APPLICATION: &[u8] = b"bottlerocket machine-id, version 1: ";

/// Product UUIDs that firmware ships when nobody filled in the real one: the
/// example of AMI's documentation, in both byte orders.
const PLACEHOLDERS: [&str; 2] = [
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
];

/// A valid machine ID, which is never all zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineId([u8; 16]);

impl MachineId {
    /// Reads 32 hexadecimal digits, with dashes as in a UUID or without.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = match text.len() {
            36 if [8, 13, 18, 23]
                .iter()
                .all(|index| text.as_bytes()[*index] == b'-') =>
            {
                text.replacen('-', "", 4)
            }
            _ => text.to_owned(),
        };
        decode_hex(&plain)
            .filter(|bytes| *bytes != [0; 16])
            .map(Self)
    }

    /// From 16 random bytes.
    pub fn random(bytes: [u8; 16]) -> Self {
        Self::version_4(bytes)
    }

    /// From the UUID that the platform gave the machine (SMBIOS), or `None` if
    /// it gave none worth the name.
    ///
    /// It is hashed because a machine ID is seen by every program and in DHCP
    /// requests, while the UUID names the machine towards its platform.
    pub fn from_product_uuid(text: &str) -> Option<Self> {
        let uuid = Self::parse(text)?;
        let unusable = uuid.0 == [0xff; 16]
            || PLACEHOLDERS
                .iter()
                .any(|text| Self::parse(text) == Some(uuid));
        if unusable {
            return None;
        }
        let digest = Sha256::new()
            .chain_update(APPLICATION)
            .chain_update(uuid.0)
            .finalize();
        Some(Self::version_4(std::array::from_fn(|index| digest[index])))
    }

    /// Marks the bytes as a random UUID (RFC 9562, version 4), as systemd does
    /// with those it makes.
    fn version_4(mut bytes: [u8; 16]) -> Self {
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self(bytes)
    }
}

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "12345678-9abc-def0-1234-56789abcdef0";

    #[test]
    fn identities_are_read_with_and_without_dashes() {
        let plain = "123456789abcdef0123456789abcdef0";
        for (text, expected) in [
            (plain, Some(plain)),
            (UUID, Some(plain)),
            ("123456789ABCDEF0123456789abcdef0\n", Some(plain)),
            ("", None),
            ("uninitialized", None),
            ("00000000000000000000000000000000", None),
            ("123456789abcdef0123456789abcdef", None),
            ("123456789abcdef0123456789abcdef00", None),
            ("1234567-89abc-def0-1234-56789abcdef0", None),
            ("12345678-9abc-def0-1234-56789abcde-0", None),
            ("+23456789abcdef0123456789abcdef0", None),
            ("éééééééééééééééééé", None),
        ] {
            let found = MachineId::parse(text).map(|id| id.to_string());
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_product_uuid_always_gives_the_same_identity_which_does_not_show_it() {
        let id = MachineId::from_product_uuid(UUID).unwrap().to_string();
        assert_eq!(id, "697b4a6376864ffa8de036c43c064dc6");
        let upper = UUID.to_uppercase();
        assert_eq!(
            MachineId::from_product_uuid(&upper).unwrap().to_string(),
            id
        );
    }

    #[test]
    fn product_uuids_that_nobody_filled_in_are_not_used() {
        for uuid in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "03000200-0400-0500-0006-000700080009",
            "Not Settable",
        ] {
            assert_eq!(MachineId::from_product_uuid(uuid), None, "{uuid}");
        }
    }

    #[test]
    fn random_identities_are_version_4_uuids() {
        assert_eq!(
            MachineId::random([0xff; 16]).to_string(),
            "ffffffffffff4fffbfffffffffffffff"
        );
    }
}
