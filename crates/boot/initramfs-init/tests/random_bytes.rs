//! Hostile input: no bytes make a parser panic. The same in each run; the
//! targets in `fuzz/` go on from here.

mod support;

use initramfs_init::gpt::{Geometry, Guid, Table};
use initramfs_init::verity::Superblock;
use initramfs_init::{cmdline, machine_id::MachineId};
use support::{Disk, Noise, partition, put, superblock};

#[test]
fn partition_tables() {
    let mut noise = Noise(1);
    for round in 0..2000 {
        let mut disk = Disk::new([512, 4096][round % 2], 64);
        disk.entries = 16;
        let sectors = disk.first_usable()..=disk.last_usable();
        disk.write_table(&[partition(
            3,
            Guid([3; 16]),
            *sectors.start(),
            *sectors.end(),
            "x",
        )]);
        // A field of either header becomes anything, with a right checksum, so
        // that the check behind it is reached.
        let lba = [1, disk.last_lba()][noise.below(2)];
        let offset = 20 + 4 * noise.below(18);
        let mut field = [0; 8];
        let bytes = 4 << noise.below(2);
        noise.fill(&mut field[..bytes]);
        disk.set_field(lba, offset.min(92 - bytes), &field[..bytes]);
        let offset = noise.below(disk.bytes.len());
        disk.bytes[offset] = noise.next() as u8;
        let _ = Table::read(disk.bytes.as_slice(), disk.geometry());

        // And a disk that claims a size it does not have.
        if let Ok(geometry) = Geometry::new(512, noise.next() >> noise.below(64)) {
            let _ = Table::read(disk.bytes.as_slice(), geometry);
        }
    }
}

#[test]
fn superblocks() {
    let mut noise = Noise(2);
    for _ in 0..20_000 {
        let mut bytes = superblock(noise.next(), &[7; 32]);
        let offset = noise.below(504);
        let mut field = [0; 8];
        noise.fill(&mut field);
        put(&mut bytes, offset, &field);
        bytes.truncate(noise.below(600));
        if let Ok(superblock) = Superblock::parse(&bytes) {
            let _ = superblock.check_sizes(noise.next(), noise.next());
            let _ = superblock.sectors();
        }
    }
}

#[test]
fn command_lines_and_identities() {
    let mut noise = Noise(3);
    let alphabet: Vec<char> = "rothas= \"\"-=.,\t\n0123456789abcdefé\0".chars().collect();
    for _ in 0..20_000 {
        let length = noise.below(100);
        let text: String = (0..length)
            .map(|_| alphabet[noise.below(alphabet.len())])
            .collect();
        let _ = kernel_cmdline::arguments(&text).count();
        let _ = cmdline::root_hash(&format!("{text} roothash={text}"));
        let _ = MachineId::from_product_uuid(&text);
    }
}
