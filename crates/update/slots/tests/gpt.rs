//! The partition table on a disk that loses power, and on damaged ones.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use gptman::{GPT, GPTPartitionEntry, PartitionName};
use slots::Slot;
use slots::gpt::{Device, Error, set_identity_on};

const SECTORS: usize = 256;
const ROOT_HASH: [u8; 32] = [
    0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
    0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69, 0x78, 0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0,
];
/// As tables have it: the first three fields are the other way round.
const ROOT_IDENTITY: [u8; 16] = [
    0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
];

/// A disk whose power goes after some sectors were written: the last one then
/// holds only half of what it should.
struct Disk {
    bytes: Cursor<Vec<u8>>,
    sector: usize,
    left: Option<usize>,
}

impl Disk {
    fn new(bytes: Vec<u8>, sector: usize) -> Self {
        Self {
            bytes: Cursor::new(bytes),
            sector,
            left: None,
        }
    }
}

impl Read for Disk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl Seek for Disk {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(place)
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for sector in bytes.chunks(self.sector) {
            match &mut self.left {
                Some(0) => return Err(io::Error::other("the power is gone")),
                Some(left) => *left -= 1,
                None => {}
            }
            let torn = self.left == Some(0);
            let length = if torn { sector.len() / 2 } else { sector.len() };
            self.bytes.write_all(&sector[..length])?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Device for Disk {
    fn sync(&mut self) -> io::Result<()> {
        match self.left {
            Some(0) => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }
}

fn shipped(sector: usize) -> Vec<u8> {
    let mut bytes = Cursor::new(vec![0; SECTORS * sector]);
    let mut table = GPT::new_from(&mut bytes, sector as u64, [9; 16]).unwrap();
    let labels = ["ESP", "ROOT-A", "HASH-A", "ROOT-B", "HASH-B", "PRIVATE"];
    for (number, label) in (1..).zip(labels) {
        let start = 64 + u64::from(number);
        table[number] = GPTPartitionEntry {
            partition_type_guid: [number as u8; 16],
            unique_partition_guid: [100 + number as u8; 16],
            starting_lba: start,
            ending_lba: start,
            attribute_bits: u64::from(number),
            partition_name: PartitionName::from(label),
        };
    }
    table.write_into(&mut bytes).unwrap();
    bytes.into_inner()
}

/// The identities, by number of the partition, as somebody else reads them.
fn identities(bytes: &[u8]) -> Option<Vec<[u8; 16]>> {
    let table = GPT::find_from(&mut Cursor::new(bytes)).ok()?;
    let used = table.iter().filter(|(_, partition)| partition.is_used());
    Some(used.map(|(_, p)| p.unique_partition_guid).collect())
}

/// What of a table is damaged.
#[derive(Debug, Clone, Copy)]
enum Damage {
    None,
    PrimaryHeader,
    PrimaryEntries,
    BackupHeader,
    BackupEntries,
}

fn damaged(damage: Damage, sector: usize) -> Vec<u8> {
    let mut bytes = shipped(sector);
    let place = match damage {
        Damage::None => return bytes,
        Damage::PrimaryHeader => sector + 20,
        Damage::PrimaryEntries => 2 * sector + 60,
        Damage::BackupHeader => (SECTORS - 1) * sector + 20,
        Damage::BackupEntries => (SECTORS - 1) * sector - 16 * 1024 + 60,
    };
    bytes[place] ^= 0x10;
    bytes
}

const DAMAGES: [Damage; 5] = [
    Damage::None,
    Damage::PrimaryHeader,
    Damage::PrimaryEntries,
    Damage::BackupHeader,
    Damage::BackupEntries,
];

#[test]
fn a_slot_gets_its_identities_and_a_damaged_copy_is_repaired() {
    for sector in [512, 4096] {
        for damage in DAMAGES {
            let mut disk = Disk::new(damaged(damage, sector), sector);
            set_identity_on(&mut disk, "disk", Slot::B, &ROOT_HASH).unwrap();
            let bytes = disk.bytes.into_inner();
            let found = identities(&bytes).unwrap();
            assert_eq!(found[3], ROOT_IDENTITY, "{damage:?}");
            assert_ne!(found[4], [105; 16], "{damage:?}");
            for untouched in [0, 1, 2, 5] {
                assert_eq!(found[untouched], [101 + untouched as u8; 16], "{damage:?}");
            }
            // Each copy alone says the same.
            let mut other = Disk::new(shipped(sector), sector);
            set_identity_on(&mut other, "disk", Slot::B, &ROOT_HASH).unwrap();
            assert_eq!(bytes, other.bytes.into_inner(), "{damage:?}");
        }
    }
}

#[test]
fn the_power_may_go_after_every_sector() {
    for sector in [512, 4096] {
        for damage in DAMAGES {
            let before = damaged(damage, sector);
            let old = identities(&before).unwrap();
            let mut cuts = 0;
            for left in 1.. {
                let mut disk = Disk::new(before.clone(), sector);
                disk.left = Some(left);
                if set_identity_on(&mut disk, "disk", Slot::B, &ROOT_HASH).is_ok() {
                    break;
                }
                cuts += 1;
                let bytes = disk.bytes.into_inner();
                let found = identities(&bytes);
                let found = found.unwrap_or_else(|| panic!("{damage:?}, {left}: no table"));
                assert!(
                    found == old || found[3] == ROOT_IDENTITY,
                    "{damage:?}, {left}: {found:?}"
                );
                // And once more after the power is back.
                let mut disk = Disk::new(bytes, sector);
                set_identity_on(&mut disk, "disk", Slot::B, &ROOT_HASH).unwrap();
            }
            assert!(cuts >= 8, "{cuts} moments were tried");
        }
    }
}

#[test]
fn what_cannot_be_changed_safely_is_refused() {
    let refused = |bytes: Vec<u8>, reason: &str| {
        let mut disk = Disk::new(bytes.clone(), 512);
        let error = set_identity_on(&mut disk, "disk", Slot::B, &ROOT_HASH).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(disk.bytes.into_inner(), bytes, "nothing was written");
        error
    };
    refused(vec![0; 512 * SECTORS], "the partition table of disk");
    let mut both = damaged(Damage::PrimaryHeader, 512);
    both[(SECTORS - 1) * 512 + 20] ^= 1;
    refused(both, "the partition table of disk");
    let mut bytes = Cursor::new(shipped(512));
    let mut table = GPT::find_from(&mut bytes).unwrap();
    table.remove(5).unwrap();
    table.write_into(&mut bytes).unwrap();
    let error = refused(bytes.into_inner(), "has no partition HASH-B");
    assert!(matches!(error, Error::NoPartition { .. }));
}
