//! The partition table and what lies in the partitions.

use crate::identity::{Identity, hex, mixed_endian, uuid_text};
use crate::{Architecture, Error};
use gptman::{GPT, GPTPartitionEntry, PartitionName};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;

const SECTOR: u64 = 512;
const MIB: u64 = 1 << 20;
const ESP_TYPE: &str = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

/// Sizes of the partitions in MiB, from the variant. They are fixed for the
/// life of a fleet, since an update never moves a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// EFI system partition.
    pub esp_mib: u64,
    /// Each of the two root file systems.
    pub root_mib: u64,
    /// Each of the two hash trees.
    pub hash_mib: u64,
}

/// A partition of the shipped disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Partition {
    /// GPT name.
    pub label: &'static str,
    /// Position in bytes.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// Partition type, as text.
    pub type_uuid: String,
    /// Identity of the partition, as text.
    pub uuid: String,
}

/// Where a partition of the shipped disk lies, which depends on architecture and
/// variant alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// GPT name.
    pub label: &'static str,
    /// Position in bytes.
    pub offset: u64,
    /// Size in bytes.
    pub size: u64,
    /// Partition type, as text.
    pub type_uuid: &'static str,
}

/// The places of the shipped partitions, in order.
pub fn places(architecture: Architecture, sizes: Sizes) -> [Place; 5] {
    let (root, verity) = (architecture.root_type(), architecture.verity_type());
    let mut end = MIB;
    [
        ("ESP", sizes.esp_mib, ESP_TYPE),
        ("ROOT-A", sizes.root_mib, root),
        ("HASH-A", sizes.hash_mib, verity),
        ("ROOT-B", sizes.root_mib, root),
        ("HASH-B", sizes.hash_mib, verity),
    ]
    .map(|(label, mib, type_uuid)| {
        let offset = end;
        end += mib * MIB;
        Place {
            label,
            offset,
            size: mib * MIB,
            type_uuid,
        }
    })
}

/// The shipped disk. It ends after the second hash tree; systemd-repart adds
/// the writable partitions on the first boot, when the disk's size is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Identity of the disk, as text.
    pub disk_uuid: String,
    /// Size of the disk in bytes.
    pub size: u64,
    /// The partitions, in order.
    pub partitions: Vec<Partition>,
}

impl Layout {
    /// Lays the partitions out. Those of slot A are identified by the halves of
    /// the root hash, as the Discoverable Partitions Specification has it.
    pub(crate) fn new(
        architecture: Architecture,
        sizes: Sizes,
        identity: &Identity,
        root_hash: &str,
    ) -> Layout {
        let derived = |label| uuid_text(&identity.uuid(label));
        let (data_half, hash_half) = root_hash.split_at(32);
        let partitions = places(architecture, sizes).map(|place| Partition {
            label: place.label,
            offset: place.offset,
            size: place.size,
            type_uuid: place.type_uuid.to_owned(),
            uuid: match place.label {
                "ROOT-A" => dashed(data_half),
                "HASH-A" => dashed(hash_half),
                other => derived(other),
            },
        });
        let [.., last] = &partitions;
        Layout {
            disk_uuid: derived("disk"),
            size: last.offset + last.size + MIB,
            partitions: partitions.into(),
        }
    }

    /// The partition of that name. Every layout has the five shipped ones.
    pub(crate) fn partition(&self, label: &str) -> &Partition {
        self.partitions
            .iter()
            .find(|p| p.label == label)
            .expect("a layout always holds the shipped partitions")
    }

    /// For tools and tests that want to know where things lie.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a layout is plain data") + "\n"
    }
}

/// Writes an empty (sparse) disk with the layout's partition table.
pub(crate) fn write(path: &Path, layout: &Layout) -> Result<(), Error> {
    let file = files::at("create", path, File::create(path))?;
    files::at("size", path, file.set_len(layout.size))?;
    drop(file);
    let mut disk = files::at(
        "open",
        path,
        OpenOptions::new().read(true).write(true).open(path),
    )?;
    write_table(&mut disk, layout).map_err(|e| Error::Gpt {
        path: path.to_owned(),
        reason: e.to_string(),
    })
}

fn write_table(disk: &mut File, layout: &Layout) -> Result<(), gptman::Error> {
    let mut table = GPT::new_from(disk, SECTOR, guid(&layout.disk_uuid))?;
    for (index, partition) in layout.partitions.iter().enumerate() {
        table[index as u32 + 1] = GPTPartitionEntry {
            partition_type_guid: guid(&partition.type_uuid),
            unique_partition_guid: guid(&partition.uuid),
            starting_lba: partition.offset / SECTOR,
            ending_lba: (partition.offset + partition.size) / SECTOR - 1,
            attribute_bits: 0,
            partition_name: PartitionName::from(partition.label),
        };
    }
    GPT::write_protective_mbr_into(disk, SECTOR)?;
    table.write_into(disk)?;
    Ok(())
}

/// Copies a file into a partition; what is zero stays a hole.
pub(crate) fn fill(
    disk: &Path,
    partition: &Partition,
    content: &Path,
    what: &'static str,
) -> Result<(), Error> {
    let size = files::at("examine", content, std::fs::metadata(content))?.len();
    if size > partition.size {
        return Err(Error::TooLarge {
            what,
            size,
            partition: partition.label,
            capacity: partition.size,
        });
    }
    let target = files::at("open", disk, OpenOptions::new().write(true).open(disk))?;
    let source = files::at("open", content, File::open(content))?;
    files::at(
        "write",
        disk,
        copy_sparse(source, &target, partition.offset),
    )?;
    Ok(())
}

/// Copies a file to a place in another one; what is zero stays a hole.
///
/// # Errors
///
/// If one cannot be read, or the other one not be written.
pub fn copy_sparse(mut source: File, target: &File, mut offset: u64) -> io::Result<()> {
    let mut block = vec![0; MIB as usize];
    loop {
        let length = source.read(&mut block)?;
        if length == 0 {
            return Ok(());
        }
        if block[..length].iter().any(|b| *b != 0) {
            target.write_all_at(&block[..length], offset)?;
        }
        offset += length as u64;
    }
}

/// Half a root hash in the text form of a UUID.
fn dashed(half: &str) -> String {
    let bytes: [u8; 16] = std::array::from_fn(|i| {
        u8::from_str_radix(&half[i * 2..i * 2 + 2], 16).unwrap_or_default()
    });
    debug_assert_eq!(hex(&bytes), half.to_lowercase());
    uuid_text(&bytes)
}

fn guid(text: &str) -> [u8; 16] {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let bytes = std::array::from_fn(|i| {
        u8::from_str_radix(&digits[i * 2..i * 2 + 2], 16).unwrap_or_default()
    });
    mixed_endian(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::example;

    const SIZES: Sizes = Sizes {
        esp_mib: 8,
        root_mib: 4,
        hash_mib: 1,
    };
    const ROOT_HASH: &str = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0";

    #[test]
    fn the_table_is_read_back_by_the_library_and_is_the_same_twice() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(Architecture::X86_64, SIZES, &example(), ROOT_HASH);
        let images: Vec<_> = ["1", "2"]
            .map(|name| {
                let path = folder.path().join(name);
                write(&path, &layout).unwrap();
                std::fs::read(&path).unwrap()
            })
            .into();
        assert!(images[0] == images[1]);
        let mut disk = io::Cursor::new(&images[0]);
        let table = GPT::read_from(&mut disk, SECTOR).unwrap();
        let used: Vec<_> = table.iter().filter(|(_, p)| p.is_used()).collect();
        assert_eq!(used.len(), 5);
        assert_eq!(used[1].1.partition_name.as_str(), "ROOT-A");
        assert_eq!(used[1].1.starting_lba, 9 * MIB / SECTOR);
        assert_eq!(
            layout.partition("ROOT-A").uuid,
            "00112233-4455-6677-8899-aabbccddeeff"
        );
        assert_eq!(
            used[1].1.unique_partition_guid[..4],
            [0x33, 0x22, 0x11, 0x00]
        );
    }

    #[test]
    fn content_larger_than_its_partition_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (disk, content) = (folder.path().join("disk"), folder.path().join("content"));
        let layout = Layout::new(Architecture::X86_64, SIZES, &example(), ROOT_HASH);
        write(&disk, &layout).unwrap();
        for (size, fits) in [(MIB, true), (MIB + 1, false)] {
            std::fs::write(&content, vec![1; size as usize]).unwrap();
            let result = fill(&disk, layout.partition("HASH-A"), &content, "the hash tree");
            assert_eq!(result.is_ok(), fits);
        }
        let bytes = std::fs::read(&disk).unwrap();
        let offset = layout.partition("HASH-A").offset as usize;
        assert_eq!(bytes[offset], 1);
    }
}
