//! A disk of any content has a partition table within it, or none.

#![no_main]

use initramfs_init::crc32::crc32;
use initramfs_init::gpt::{Geometry, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, disk)) = data.split_first() else {
        return;
    };
    let sector = if choice & 1 == 0 { 512 } else { 4096 };
    let mut disk = disk.to_vec();
    if choice & 2 == 0 {
        // Without right checksums nothing behind them would ever be reached.
        seal(&mut disk, sector, 1);
        if let Some(last) = (disk.len() / sector).checked_sub(1) {
            seal(&mut disk, sector, last);
        }
    }
    let Ok(geometry) = Geometry::new(sector as u32, disk.len() as u64) else {
        return;
    };
    if let Ok(table) = Table::read(disk.as_slice(), geometry) {
        for partition in table.partitions {
            assert!(partition.number > 0);
            assert!(partition.first_lba <= partition.last_lba);
            assert!(partition.last_lba < geometry.sectors());
        }
    }
});

/// Makes the checksums of a header and of its entries right, as far as both
/// lie within the disk.
fn seal(disk: &mut [u8], sector: usize, lba: usize) -> Option<()> {
    let start = lba * sector;
    let header = disk.get(start..start + 92)?;
    let number = |offset: usize| u32::from_le_bytes(std::array::from_fn(|i| header[offset + i]));
    let entries_start = (number(72) as usize).checked_mul(sector)?;
    let entries_bytes = (number(80) as usize).checked_mul(number(84) as usize)?;
    let header_bytes = number(12) as usize;
    if let Some(entries) = disk
        .get(entries_start..)
        .and_then(|entries| entries.get(..entries_bytes))
    {
        let crc = crc32(entries);
        disk[start + 88..start + 92].copy_from_slice(&crc.to_le_bytes());
    }
    disk[start + 16..start + 20].fill(0);
    let crc = crc32(disk.get(start..)?.get(..header_bytes)?);
    disk[start + 16..start + 20].copy_from_slice(&crc.to_le_bytes());
    Some(())
}
