//! Disks of fixed size (Virtual Hard Disk Image Format Specification 1.0): the raw disk,
//! and a footer. They are as large as the image: clouds import them as they are, and make
//! disks of any size of them.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::{Error, Image, sparse_copy};

const SECTOR: u64 = 512;

/// Azure takes whole ones alone.
const UNIT: u64 = 1 << 20;

/// Times count from the start of 2000, in seconds.
const EPOCH: u64 = 946_684_800;

pub(crate) fn make(image: &Image, to: &Path) -> Result<(), Error> {
    let size = files::at("examine", &image.disk, std::fs::metadata(&image.disk))?.len();
    let size = size.next_multiple_of(UNIT);
    sparse_copy(&image.disk, to, size)?;
    let file = files::at("open", to, OpenOptions::new().write(true).open(to))?;
    let footer = footer(size, image.epoch, &image.derived("VHD"));
    files::at("write", to, file.write_all_at(&footer, size))?;
    Ok(())
}

/// The footer of a disk of that many bytes.
fn footer(size: u64, epoch: u64, random: &[u8; 32]) -> [u8; 512] {
    let mut footer = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| footer[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"conectix");
    put(8, &2u32.to_be_bytes());
    put(12, &0x0001_0000u32.to_be_bytes());
    // No further structure.
    put(16, &u64::MAX.to_be_bytes());
    let time = u32::try_from(epoch.saturating_sub(EPOCH)).unwrap_or(u32::MAX);
    put(24, &time.to_be_bytes());
    // With this name the size counts, not the geometry, which has less.
    put(28, b"win ");
    put(32, &0x000a_0000u32.to_be_bytes());
    put(36, b"Wi2k");
    put(40, &size.to_be_bytes());
    put(48, &size.to_be_bytes());
    put(56, &geometry(size / SECTOR));
    // A disk of fixed size.
    put(60, &2u32.to_be_bytes());
    put(68, &random[..16]);
    let sum: u32 = footer.iter().map(|byte| u32::from(*byte)).sum();
    footer[64..68].copy_from_slice(&(!sum).to_be_bytes());
    footer
}

/// Cylinders, heads and sectors of a track, as the specification's appendix has it.
fn geometry(sectors: u64) -> [u8; 4] {
    let sectors = sectors.min(65_535 * 16 * 255);
    let (heads, per_track, tracks);
    if sectors >= 65_535 * 16 * 63 {
        (heads, per_track, tracks) = (16, 255, sectors / 255);
    } else {
        let of = |per_track: u64| {
            (
                sectors / per_track,
                (sectors / per_track).div_ceil(1024).max(4),
            )
        };
        let too_many = |(tracks, heads): (u64, u64)| tracks >= heads * 1024 || heads > 16;
        let (mut found, mut track) = (of(17), 17);
        if too_many(found) {
            (found, track) = ((sectors / 31, 16), 31);
        }
        if found.0 >= found.1 * 1024 {
            (found, track) = ((sectors / 63, 16), 63);
        }
        (heads, per_track, tracks) = (found.1, track, found.0);
    }
    let cylinders = u16::try_from(tracks / heads)
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    [cylinders[0], cylinders[1], heads as u8, per_track as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_is_as_the_specification_says() {
        let footer = footer(24 << 30, 1_767_225_600, &[7; 32]);
        assert_eq!(&footer[..8], b"conectix");
        let number = |at: usize| u32::from_be_bytes(footer[at..at + 4].try_into().unwrap());
        assert_eq!(number(24), 1_767_225_600 - 946_684_800);
        assert_eq!(number(60), 2);
        let rest = footer
            .iter()
            .enumerate()
            .filter(|(at, _)| !(64..68).contains(at));
        let sum: u32 = rest.map(|(_, byte)| u32::from(*byte)).sum();
        assert_eq!(number(64), !sum);
    }

    #[test]
    fn geometries_hold_nearly_all_sectors() {
        for sectors in [8 << 11, 504 << 11, 3106 << 11, 24 << 21, 100 << 21] {
            let [high, low, heads, per_track] = geometry(sectors).map(u64::from);
            let held = (high * 256 + low) * heads * per_track;
            assert!(
                held <= sectors && held * 20 > sectors * 19,
                "{sectors}: {held}"
            );
        }
        // Larger ones have none.
        assert_eq!(geometry(1 << 40), [255, 255, 16, 255]);
    }
}
