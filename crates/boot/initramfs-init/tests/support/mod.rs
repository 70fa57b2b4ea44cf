//! Writers of what the library reads: disks with a partition table, and verity
//! superblocks.
#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use initramfs_init::crc32::crc32;
use initramfs_init::gpt::{Geometry, Guid, Partition};

/// A disk in memory.
#[derive(Debug, Clone)]
pub struct Disk {
    pub bytes: Vec<u8>,
    pub sector: usize,
    pub entry_bytes: usize,
    pub entries: usize,
}

impl Disk {
    /// An empty disk.
    pub fn new(sector: usize, sectors: usize) -> Self {
        Self {
            bytes: vec![0; sector * sectors],
            sector,
            entry_bytes: 128,
            entries: 128,
        }
    }

    pub fn geometry(&self) -> Geometry {
        Geometry::new(self.sector as u32, self.bytes.len() as u64).unwrap()
    }

    pub fn last_lba(&self) -> usize {
        self.bytes.len() / self.sector - 1
    }

    /// Sectors taken by the entries of one copy.
    pub fn entry_sectors(&self) -> usize {
        (self.entry_bytes * self.entries).div_ceil(self.sector)
    }

    pub fn first_usable(&self) -> u64 {
        2 + self.entry_sectors() as u64
    }

    pub fn last_usable(&self) -> u64 {
        (self.last_lba() - self.entry_sectors() - 1) as u64
    }

    /// Writes both copies of a table.
    pub fn write_table(&mut self, partitions: &[Partition]) {
        let mut entries = vec![0; self.entry_bytes * self.entries];
        for partition in partitions {
            let start = (partition.number as usize - 1) * self.entry_bytes;
            let entry = &mut entries[start..start + 128];
            entry[..16].fill(0xaa);
            put_guid(entry, 16, partition.unique);
            put(entry, 32, &partition.first_lba.to_le_bytes());
            put(entry, 40, &partition.last_lba.to_le_bytes());
            for (index, unit) in partition.name.encode_utf16().enumerate() {
                put(entry, 56 + 2 * index, &unit.to_le_bytes());
            }
        }
        let last = self.last_lba();
        self.write_copy(1, last, 2, &entries);
        self.write_copy(last, 1, last - self.entry_sectors(), &entries);
    }

    fn write_copy(&mut self, lba: usize, other: usize, entries_lba: usize, entries: &[u8]) {
        let mut header = [0; 92];
        put(&mut header, 0, b"EFI PART");
        put(&mut header, 8, &0x0001_0000_u32.to_le_bytes());
        put(&mut header, 12, &92_u32.to_le_bytes());
        put(&mut header, 24, &(lba as u64).to_le_bytes());
        put(&mut header, 32, &(other as u64).to_le_bytes());
        put(&mut header, 40, &self.first_usable().to_le_bytes());
        put(&mut header, 48, &self.last_usable().to_le_bytes());
        put(&mut header, 72, &(entries_lba as u64).to_le_bytes());
        put(&mut header, 80, &(self.entries as u32).to_le_bytes());
        put(&mut header, 84, &(self.entry_bytes as u32).to_le_bytes());
        put(&mut header, 88, &crc32(entries).to_le_bytes());
        put(&mut self.bytes, entries_lba * self.sector, entries);
        put(&mut self.bytes, lba * self.sector, &header);
        self.seal(lba);
    }

    /// Changes a field of a header and makes its checksum right again.
    pub fn set_field(&mut self, lba: usize, offset: usize, bytes: &[u8]) {
        let start = lba * self.sector;
        put(&mut self.bytes, start + offset, bytes);
        self.seal(lba);
    }

    fn seal(&mut self, lba: usize) {
        let start = lba * self.sector;
        self.bytes[start + 16..start + 20].fill(0);
        let crc = crc32(&self.bytes[start..start + 92]);
        put(&mut self.bytes, start + 16, &crc.to_le_bytes());
    }

    /// Flips one bit.
    pub fn flip(&mut self, offset: usize) {
        self.bytes[offset] ^= 0x10;
    }
}

/// A partition to write.
pub fn partition(
    number: u32,
    unique: Guid,
    first_lba: u64,
    last_lba: u64,
    name: &str,
) -> Partition {
    Partition {
        number,
        unique,
        first_lba,
        last_lba,
        name: name.to_owned(),
    }
}

/// A superblock as `veritysetup format` writes it.
pub fn superblock(data_blocks: u64, salt: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    put(&mut bytes, 0, b"verity\0\0");
    put(&mut bytes, 8, &1_u32.to_le_bytes());
    put(&mut bytes, 12, &1_u32.to_le_bytes());
    put(&mut bytes, 16, &[0x5a; 16]);
    put(&mut bytes, 32, b"sha256");
    put(&mut bytes, 64, &4096_u32.to_le_bytes());
    put(&mut bytes, 68, &4096_u32.to_le_bytes());
    put(&mut bytes, 72, &data_blocks.to_le_bytes());
    put(&mut bytes, 80, &(salt.len() as u16).to_le_bytes());
    put(&mut bytes, 88, salt);
    bytes
}

/// Bytes that look random and are the same in each run (SplitMix64).
#[derive(Debug)]
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.next() as u8);
    }
}

pub fn put(bytes: &mut [u8], offset: usize, value: &[u8]) {
    bytes[offset..offset + value.len()].copy_from_slice(value);
}

fn put_guid(entry: &mut [u8], offset: usize, guid: Guid) {
    let disk_order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
    put(entry, offset, &disk_order.map(|index: usize| guid.0[index]));
}
