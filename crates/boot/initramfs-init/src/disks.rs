//! Finding the partitions of a slot on the disks of this machine.

use crate::gpt::{self, Geometry, Guid, Partition, Table};
use crate::root_hash::RootHash;
use std::fs::File;
use std::path::{Path, PathBuf};

/// Kernel devices that never hold the system, and are slow or pointless to
/// read.
const NOT_DISKS: [&str; 6] = ["dm-", "fd", "loop", "ram", "sr", "zram"];

/// Bytes in the sectors that sysfs counts in, whatever those of the disk are.
const SYSFS_SECTOR_BYTES: u64 = 512;

/// Where the kernel shows its devices; another folder in tests.
#[derive(Debug, Clone, Copy)]
pub struct Machine<'a> {
    /// `/sys`.
    pub sys: &'a Path,
    /// `/dev`.
    pub dev: &'a Path,
}

/// A partition as a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its node.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// The partitions that a root hash belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The letter that the label of the data partition (`ROOT-A`, `ROOT-B`)
    /// gives the slot.
    pub letter: Option<char>,
    /// The kernel's name of the disk.
    pub disk: String,
    /// The partition with the root file system.
    pub data: Device,
    /// The partition with its hash tree.
    pub hash: Device,
}

/// What a look at all disks found.
#[derive(Debug, Default)]
pub struct Scan {
    /// The slot on the first disk that has it.
    pub slot: Option<Slot>,
    /// What a person should know: one sentence for each disk that was not
    /// used, or not as it should be.
    pub remarks: Vec<String>,
}

/// Why a disk is not the one.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Table(#[from] gpt::Error),
    #[error(transparent)]
    File(#[from] files::Error),
    #[error("{0} is not a number")]
    Attribute(PathBuf),
    #[error("none of its {0} partitions is ours")]
    Foreign(usize),
    #[error("it has the partition with the {0} but not the one with the {1} ({2})")]
    Half(&'static str, &'static str, Guid),
    #[error(
        "the kernel made no partition {0} of it; \
         hint: after damage of the first GPT it does so only with `gpt` on its command line"
    )]
    NoDevice(u32),
    #[error("the kernel's partition {0} differs in place or size from that in the GPT")]
    Differs(u32),
}

/// Looks at every disk once, in the order of their names: shorter first, so
/// that `sdz` is before `sdaa`.
///
/// Two disks can carry the same partitions after one was copied onto the
/// other. Both are as good, since the root hash vouches for the content; the
/// first is taken, so that each boot takes the same.
pub fn scan(machine: Machine<'_>, root_hash: &RootHash) -> Result<Scan, files::Error> {
    let mut scan = Scan::default();
    for name in disk_names(machine.sys)? {
        match look(machine, &name, root_hash, &mut scan.remarks) {
            Ok(slot) => match &scan.slot {
                None => scan.slot = Some(slot),
                Some(first) => scan.remarks.push(format!(
                    "{name} carries the same partitions as {}, which comes first and is used",
                    first.disk
                )),
            },
            Err(reason) => scan.remarks.push(format!("{name}: {reason}")),
        }
    }
    Ok(scan)
}

/// The disks with something in them, by the kernel's names: shorter first.
pub fn disk_names(sys: &Path) -> Result<Vec<String>, files::Error> {
    let mut names: Vec<String> = folder(&sys.join("block"))?
        .into_iter()
        .filter(|name| !NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    names.sort_unstable_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    // A drive without a medium has no size, and is no reason for a remark.
    names.retain(|name| {
        number(&sys.join("block").join(name).join("size")).is_ok_and(|size| size > 0)
    });
    Ok(names)
}

fn look(
    machine: Machine<'_>,
    name: &str,
    root_hash: &RootHash,
    remarks: &mut Vec<String>,
) -> Result<Slot, Unfit> {
    let sys = machine.sys.join("block").join(name);
    let sector_bytes = number(&sys.join("queue/logical_block_size"))?;
    let size = number(&sys.join("size"))?.saturating_mul(SYSFS_SECTOR_BYTES);
    let geometry = Geometry::new(u32::try_from(sector_bytes).unwrap_or(u32::MAX), size)?;
    let path = node(machine.dev, name);
    let file = files::at("open", &path, File::open(&path))?;
    let table = Table::read(&file, geometry)?;

    let carries = |guid: Guid| table.partitions.iter().find(|p| p.unique == guid);
    let (data_guid, hash_guid) = (root_hash.data_partition(), root_hash.hash_partition());
    let (data, hash) = match (carries(data_guid), carries(hash_guid)) {
        (Some(data), Some(hash)) => (data, hash),
        (Some(_), None) => return Err(Unfit::Half("root file system", "hash tree", hash_guid)),
        (None, Some(_)) => return Err(Unfit::Half("hash tree", "root file system", data_guid)),
        (None, None) => return Err(Unfit::Foreign(table.partitions.len())),
    };
    let slot = Slot {
        letter: data.name.strip_prefix("ROOT-").and_then(letter),
        disk: name.to_owned(),
        data: device(machine, &sys, data, geometry)?,
        hash: device(machine, &sys, hash, geometry)?,
    };
    if let Some(damage) = table.primary_damage {
        remarks.push(format!(
            "{name}: using the backup of its GPT, because the first is damaged: {damage}"
        ));
    }
    Ok(slot)
}

/// The kernel's device for a partition. Its name depends on the driver
/// (`sda2`, `nvme0n1p2`, `mmcblk0p2`): the number in its folder does not.
fn device(
    machine: Machine<'_>,
    disk: &Path,
    partition: &Partition,
    geometry: Geometry,
) -> Result<Device, Unfit> {
    let number_is = |name: &String| {
        number(&disk.join(name).join("partition")).is_ok_and(|n| n == partition.number.into())
    };
    let name = folder(disk)?
        .into_iter()
        .find(number_is)
        .ok_or(Unfit::NoDevice(partition.number))?;
    let unit = geometry.sector_bytes() / SYSFS_SECTOR_BYTES;
    let start = number(&disk.join(&name).join("start"))?;
    let size = number(&disk.join(&name).join("size"))?;
    if start != partition.first_lba.saturating_mul(unit)
        || size != partition.sectors().saturating_mul(unit)
    {
        return Err(Unfit::Differs(partition.number));
    }
    Ok(Device {
        path: node(machine.dev, &name),
        bytes: size.saturating_mul(SYSFS_SECTOR_BYTES),
    })
}

/// The node of a device: where its name holds a slash, sysfs shows `!`.
fn node(dev: &Path, name: &str) -> PathBuf {
    dev.join(name.replace('!', "/"))
}

/// What follows `ROOT-`, where that is one capital letter.
fn letter(text: &str) -> Option<char> {
    let mut chars = text.chars().filter(char::is_ascii_uppercase);
    chars.next().filter(|_| text.len() == 1)
}

fn number(path: &Path) -> Result<u64, Unfit> {
    files::read_to_string(path)?
        .trim()
        .parse()
        .map_err(|_| Unfit::Attribute(path.to_owned()))
}

fn folder(path: &Path) -> Result<Vec<String>, files::Error> {
    let names = std::fs::read_dir(path).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    });
    files::at("list", path, names)
}
