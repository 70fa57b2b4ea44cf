//! Partition tables, whole and damaged.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use initramfs_init::gpt::{Error, Geometry, Guid, Partition, Table};
use proptest::prelude::*;
use support::{Disk, partition, put};

const SECTORS: usize = 4096;

fn example(sector: usize) -> (Disk, Vec<Partition>) {
    let mut disk = Disk::new(sector, SECTORS);
    let partitions = vec![
        partition(1, Guid([1; 16]), 100, 199, "ESP"),
        partition(2, Guid([2; 16]), 200, 299, "ROOT-A"),
        partition(7, Guid([7; 16]), 300, 300, "HASH-A"),
    ];
    disk.write_table(&partitions);
    (disk, partitions)
}

fn read(disk: &Disk) -> Result<Table, Error> {
    Table::read(disk.bytes.as_slice(), disk.geometry())
}

/// What is said about the primary copy, where the backup had to be used.
fn damage(disk: &Disk, expected: &[Partition]) -> String {
    let table = read(disk).unwrap();
    assert_eq!(table.partitions, expected);
    table
        .primary_damage
        .map(|e| e.to_string())
        .unwrap_or_default()
}

#[test]
fn a_whole_table_is_read_from_its_primary_copy() {
    for sector in [512, 4096] {
        let (disk, partitions) = example(sector);
        assert_eq!(damage(&disk, &partitions), "", "{sector}");
    }
}

#[test]
fn a_damaged_primary_copy_is_named_and_the_backup_used() {
    for sector in [512, 4096] {
        for (offset, reason) in [
            (sector, "no GPT signature in sector 1"),
            (
                sector + 12,
                "header in sector 1: HeaderSize is 76, which is out of bounds",
            ),
            (sector + 16, "header in sector 1: wrong checksum"),
            (sector + 24, "header in sector 1: wrong checksum"),
            (sector + 88, "header in sector 1: wrong checksum"),
            (
                2 * sector,
                "partition entries of the header in sector 1: wrong checksum",
            ),
            (
                2 * sector + 127 * 128 + 127,
                "partition entries of the header in sector 1: wrong checksum",
            ),
        ] {
            let (mut disk, partitions) = example(sector);
            disk.flip(offset);
            assert_eq!(damage(&disk, &partitions), reason, "{sector} {offset}");
        }
    }
}

#[test]
fn an_erased_start_of_the_disk_is_damage() {
    let (mut disk, partitions) = example(512);
    disk.bytes[..34 * 512].fill(0);
    assert_eq!(damage(&disk, &partitions), "no GPT signature in sector 1");
}

#[test]
fn a_damaged_backup_does_not_matter_to_a_whole_primary() {
    let (mut disk, partitions) = example(512);
    let last = disk.last_lba();
    disk.bytes[(last - 40) * 512..].fill(0xff);
    assert_eq!(damage(&disk, &partitions), "");
}

#[test]
fn two_damaged_copies_are_refused_with_both_reasons() {
    for (backup_offset, backup) in [
        (0, "no GPT signature in sector 4095"),
        (17, "header in sector 4095: wrong checksum"),
        (
            usize::MAX,
            "partition entries of the header in sector 4095: wrong checksum",
        ),
    ] {
        let (mut disk, _) = example(512);
        disk.flip(2 * 512);
        let last = disk.last_lba();
        disk.flip(match backup_offset {
            usize::MAX => (last - 32) * 512,
            offset => last * 512 + offset,
        });
        let primary = "partition entries of the header in sector 1: wrong checksum";
        assert_eq!(
            read(&disk).unwrap_err().to_string(),
            format!("both copies of its GPT are damaged: {primary}; {backup}")
        );
    }
}

#[test]
fn fields_out_of_bounds_are_refused_in_spite_of_right_checksums() {
    let u32 = |n: u32| n.to_le_bytes().to_vec();
    let u64 = |n: u64| n.to_le_bytes().to_vec();
    for (offset, bytes, field, found) in [
        (8, u32(0x0002_0000), "Revision", 0x0002_0000),
        (12, u32(0), "HeaderSize", 0),
        (12, u32(91), "HeaderSize", 91),
        (12, u32(513), "HeaderSize", 513),
        (12, u32(u32::MAX), "HeaderSize", u64::from(u32::MAX)),
        (24, u64(2), "MyLBA", 2),
        (40, u64(1), "FirstUsableLBA", 1),
        (40, u64(5000), "FirstUsableLBA", 5000),
        (48, u64(4096), "LastUsableLBA", 4096),
        (48, u64(u64::MAX), "LastUsableLBA", u64::MAX),
        (72, u64(0), "PartitionEntryLBA", 0),
        (72, u64(1), "PartitionEntryLBA", 1),
        (72, u64(3), "PartitionEntryLBA", 3),
        (72, u64(u64::MAX), "PartitionEntryLBA", u64::MAX),
        (80, u32(0), "NumberOfPartitionEntries", 0),
        (80, u32(1025), "NumberOfPartitionEntries", 1025),
        (
            80,
            u32(u32::MAX),
            "NumberOfPartitionEntries",
            u64::from(u32::MAX),
        ),
        (84, u32(0), "SizeOfPartitionEntry", 0),
        (84, u32(64), "SizeOfPartitionEntry", 64),
        (84, u32(192), "SizeOfPartitionEntry", 192),
        (84, u32(8192), "SizeOfPartitionEntry", 8192),
    ] {
        let (mut disk, partitions) = example(512);
        disk.set_field(1, offset, &bytes);
        assert_eq!(
            damage(&disk, &partitions),
            format!("header in sector 1: {field} is {found}, which is out of bounds")
        );
    }
}

#[test]
fn a_backup_whose_entries_lie_elsewhere_is_refused() {
    for entries_lba in [2, 4000, 4064, 4095, u64::MAX - 1] {
        let (mut disk, _) = example(512);
        disk.flip(512);
        let last = disk.last_lba();
        disk.set_field(last, 72, &u64::to_le_bytes(entries_lba));
        let error = read(&disk).unwrap_err();
        assert!(
            matches!(error, Error::Damaged { .. }),
            "{entries_lba}: {error}"
        );
    }
}

#[test]
fn a_table_of_a_larger_disk_is_refused() {
    let (mut disk, _) = example(512);
    disk.bytes.truncate(512 * 1000);
    assert_eq!(
        read(&disk).unwrap_err().to_string(),
        "both copies of its GPT are damaged: header in sector 1: LastUsableLBA is 4062, which is \
         out of bounds; no GPT signature in sector 999"
    );
}

#[test]
fn a_grown_disk_is_read_from_its_primary_copy() {
    let (mut disk, partitions) = example(512);
    disk.bytes.resize(512 * 3 * SECTORS, 0);
    assert_eq!(damage(&disk, &partitions), "");
}

#[test]
fn disks_without_a_table() {
    for sectors in [0, 1, 2, 3, 4096] {
        let error = read(&Disk::new(512, sectors)).unwrap_err();
        assert!(matches!(error, Error::Absent), "{sectors}: {error}");
    }
    for sector_bytes in [0, 256, 520, 2048, 8192] {
        let error = Geometry::new(sector_bytes, 1 << 20).unwrap_err();
        assert!(matches!(error, Error::SectorSize(_)), "{sector_bytes}");
    }
}

#[test]
fn a_disk_shorter_than_it_says_is_a_read_error() {
    let (disk, _) = example(512);
    let geometry = Geometry::new(512, 1 << 30).unwrap();
    let error = Table::read(&disk.bytes[..1024], geometry).unwrap_err();
    assert!(
        error.to_string().contains("failed to read sector 2"),
        "{error}"
    );
    assert!(
        error.to_string().contains("failed to read sector 2097151"),
        "{error}"
    );
}

#[test]
fn partitions_outside_the_usable_sectors_are_left_out() {
    for (first, last) in [(0, 10), (33, 40), (200, 199), (4000, 4063), (5, u64::MAX)] {
        let mut disk = Disk::new(512, SECTORS);
        let good = partition(4, Guid([4; 16]), 34, 4062, "DATA");
        disk.write_table(&[partition(1, Guid([1; 16]), first, last, "x"), good.clone()]);
        assert_eq!(damage(&disk, &[good]), "", "{first} {last}");
    }
}

#[test]
fn labels_may_fill_their_field_or_be_no_text() {
    let mut disk = Disk::new(512, SECTORS);
    let name = "a".repeat(36);
    let mut expected = partition(1, Guid([1; 16]), 100, 199, &name);
    disk.write_table(std::slice::from_ref(&expected));
    assert_eq!(damage(&disk, std::slice::from_ref(&expected)), "");

    put(&mut disk.bytes, 2 * 512 + 56, &[0x00, 0xd8]);
    let crc = initramfs_init::crc32::crc32(&disk.bytes[2 * 512..34 * 512]);
    disk.set_field(1, 88, &crc.to_le_bytes());
    expected.name.replace_range(..1, "\u{fffd}");
    assert_eq!(damage(&disk, &[expected]), "");
}

#[test]
fn guids_are_written_as_people_know_them() {
    let guid = Guid(std::array::from_fn(|index| index as u8 * 0x11));
    assert_eq!(guid.to_string(), "00112233-4455-6677-8899-aabbccddeeff");
}

prop_compose! {
    /// Any table: partitions one behind the other, with gaps in the numbers.
    fn any_disk()(
        sector in prop_oneof![Just(512_usize), Just(4096)],
        entry_bytes in prop_oneof![Just(128_usize), Just(256), Just(512)],
        entries in 1_usize..200,
        parts in prop::collection::vec(
            (any::<[u8; 16]>(), 0_u64..50, 1_u64..50, "[A-Z]{0,8}(-[AB])?", any::<bool>()), 0..20),
    ) -> (Disk, Vec<Partition>) {
        let mut disk = Disk::new(sector, SECTORS);
        (disk.entry_bytes, disk.entries) = (entry_bytes, entries);
        let mut next = disk.first_usable();
        let partitions: Vec<Partition> = parts
            .into_iter()
            .zip(1..=entries as u32)
            .filter_map(|((guid, gap, sectors, name, used), number)| {
                let first = next + gap;
                next = first + sectors;
                used.then(|| partition(number, Guid(guid), first, next - 1, &name))
            })
            .collect();
        disk.write_table(&partitions);
        (disk, partitions)
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read((disk, partitions) in any_disk()) {
        prop_assert_eq!(damage(&disk, &partitions), "");
    }

    /// Whatever byte of the primary copy is hit, the partitions are right, and
    /// they come from the backup exactly when the byte belongs to the table.
    #[test]
    fn one_damaged_byte_never_changes_the_partitions(
        (mut disk, partitions) in any_disk(),
        place in any::<prop::sample::Index>(),
        flip in 1_u8..,
    ) {
        let table = disk.sector..disk.first_usable() as usize * disk.sector;
        let offset = disk.sector + place.index(table.len());
        disk.bytes[offset] ^= flip;
        let header = disk.sector..disk.sector + 92;
        let entries = 2 * disk.sector..2 * disk.sector + disk.entry_bytes * disk.entries;
        let covered = header.contains(&offset) || entries.contains(&offset);
        prop_assert_eq!(!damage(&disk, &partitions).is_empty(), covered);
    }

    /// With a hit in each copy there is no answer rather than a wrong one.
    #[test]
    fn a_damaged_byte_in_both_copies_is_refused(
        (mut disk, _) in any_disk(),
        primary in 0_usize..92,
        backup in 0_usize..92,
        flip in 1_u8..,
    ) {
        let last = disk.last_lba() * disk.sector;
        disk.bytes[disk.sector + primary] ^= flip;
        disk.bytes[last + backup] ^= flip;
        prop_assert!(read(&disk).is_err());
    }
}
