//! Finding the slot, on a made-up machine.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

mod support;

use initramfs_init::disks::{Machine, scan};
use initramfs_init::gpt::{Guid, Partition};
use initramfs_init::root_hash::RootHash;
use std::fs;
use std::path::PathBuf;
use support::{Disk, partition};

const SECTORS: usize = 4096;

struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn new() -> Self {
        let fake = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(fake.folder.path().join("sys/block")).unwrap();
        fs::create_dir_all(fake.folder.path().join("dev")).unwrap();
        fake
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Adds a disk as the kernel shows it, with these kernel partitions.
    fn add(&self, name: &str, disk: &Disk, kernel: &[Partition]) {
        let sys = self.path("sys/block").join(name);
        let unit = (disk.sector / 512) as u64;
        fs::create_dir_all(sys.join("queue")).unwrap();
        fs::write(
            sys.join("queue/logical_block_size"),
            format!("{}\n", disk.sector),
        )
        .unwrap();
        fs::write(sys.join("size"), format!("{}\n", disk.bytes.len() / 512)).unwrap();
        fs::write(self.path("dev").join(name), &disk.bytes).unwrap();
        for partition in kernel {
            let p = if name.ends_with(char::is_numeric) {
                "p"
            } else {
                ""
            };
            let sys = sys.join(format!("{name}{p}{}", partition.number));
            fs::create_dir(&sys).unwrap();
            fs::write(sys.join("partition"), format!("{}\n", partition.number)).unwrap();
            fs::write(
                sys.join("start"),
                format!("{}\n", partition.first_lba * unit),
            )
            .unwrap();
            fs::write(
                sys.join("size"),
                format!("{}\n", partition.sectors() * unit),
            )
            .unwrap();
        }
    }

    /// Short names for what a scan found, and its remarks.
    fn scan(&self) -> (Option<String>, Vec<String>) {
        let (sys, dev) = (self.path("sys"), self.path("dev"));
        let scan = scan(
            Machine {
                sys: &sys,
                dev: &dev,
            },
            &root_hash(),
        )
        .unwrap();
        let slot = scan.slot.map(|slot| {
            let name = |path: &PathBuf| path.strip_prefix(&dev).unwrap().display().to_string();
            format!(
                "{} {}={} {}={}",
                slot.letter.unwrap_or('?'),
                name(&slot.data.path),
                slot.data.bytes,
                name(&slot.hash.path),
                slot.hash.bytes
            )
        });
        (slot, scan.remarks)
    }
}

fn root_hash() -> RootHash {
    format!("{}{}", "aa".repeat(16), "bb".repeat(16))
        .parse()
        .unwrap()
}

fn ours() -> Vec<Partition> {
    vec![
        partition(1, Guid([1; 16]), 100, 199, "ESP"),
        partition(2, Guid([0xaa; 16]), 200, 299, "ROOT-A"),
        partition(3, Guid([0xbb; 16]), 300, 309, "HASH-A"),
    ]
}

fn disk(sector: usize, partitions: &[Partition]) -> Disk {
    let mut disk = Disk::new(sector, SECTORS);
    disk.write_table(partitions);
    disk
}

#[test]
fn partitions_are_found_under_every_naming_and_sector_size() {
    for (name, p) in [
        ("vda", ""),
        ("nvme0n1", "p"),
        ("mmcblk0", "p"),
        ("md127", "p"),
    ] {
        for sector in [512, 4096] {
            let fake = Fake::new();
            fake.add(name, &disk(sector, &ours()), &ours());
            let (data, hash) = (100 * sector, 10 * sector);
            let expected = format!("A {name}{p}2={data} {name}{p}3={hash}");
            assert_eq!(fake.scan(), (Some(expected), vec![]), "{name} {sector}");
        }
    }
}

#[test]
fn the_slot_is_named_by_the_label_alone() {
    for (label, letter) in [
        ("ROOT-B", 'B'),
        ("ROOT-", '?'),
        ("ROOT-AB", '?'),
        ("ROOT-b", '?'),
        ("ROOT-é", '?'),
        ("root", '?'),
    ] {
        let mut partitions = ours();
        partitions[1].name = label.to_owned();
        let fake = Fake::new();
        fake.add("vda", &disk(512, &partitions), &partitions);
        assert!(fake.scan().0.unwrap().starts_with(letter), "{label}");
    }
}

#[test]
fn of_two_disks_the_first_by_name_is_used() {
    let fake = Fake::new();
    for name in ["sdaa", "sdz", "sdb"] {
        fake.add(name, &disk(512, &ours()), &ours());
    }
    let (slot, remarks) = fake.scan();
    assert_eq!(slot.unwrap(), "A sdb2=51200 sdb3=5120");
    assert_eq!(
        remarks,
        [
            "sdz carries the same partitions as sdb, which comes first and is used",
            "sdaa carries the same partitions as sdb, which comes first and is used",
        ]
    );
}

#[test]
fn halves_on_two_disks_do_not_make_a_slot() {
    let fake = Fake::new();
    fake.add("vda", &disk(512, &ours()[..2]), &ours()[..2]);
    fake.add("vdb", &disk(512, &ours()[2..]), &ours()[2..]);
    let (slot, remarks) = fake.scan();
    assert_eq!(slot, None);
    let (a, b) = (
        "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa",
        "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb",
    );
    assert_eq!(
        remarks,
        [
            format!(
                "vda: it has the partition with the root file system \
                 but not the one with the hash tree ({b})"
            ),
            format!(
                "vdb: it has the partition with the hash tree \
                 but not the one with the root file system ({a})"
            ),
        ]
    );
}

#[test]
fn the_backup_is_used_and_said_so() {
    let mut damaged = disk(512, &ours());
    damaged.flip(512);
    let fake = Fake::new();
    fake.add("vda", &damaged, &ours());
    let (slot, remarks) = fake.scan();
    assert_eq!(slot.unwrap(), "A vda2=51200 vda3=5120");
    assert_eq!(
        remarks,
        [
            "vda: using the backup of its GPT, because the first is damaged: \
          no GPT signature in sector 1"
        ]
    );
}

#[test]
fn the_kernel_has_to_see_the_same_partitions() {
    let moved = |change: fn(&mut Partition)| {
        let mut kernel = ours();
        change(&mut kernel[1]);
        kernel
    };
    for (kernel, reason) in [
        (
            ours()[..1].to_vec(),
            "vda: the kernel made no partition 2 of it; hint:",
        ),
        (
            moved(|p| p.first_lba += 1),
            "vda: the kernel's partition 2 differs in place or size",
        ),
        (
            moved(|p| p.last_lba += 1),
            "vda: the kernel's partition 2 differs in place or size",
        ),
    ] {
        let fake = Fake::new();
        fake.add("vda", &disk(512, &ours()), &kernel);
        let (slot, remarks) = fake.scan();
        assert_eq!(slot, None);
        assert!(remarks[0].starts_with(reason), "{remarks:?}");
    }
}

#[test]
fn other_disks_are_passed_over() {
    let fake = Fake::new();
    for name in ["loop0", "ram0", "zram0", "dm-0", "sr0", "fd0"] {
        fake.add(name, &disk(512, &ours()), &ours());
    }
    fake.add("sda", &Disk::new(512, 0), &[]);
    assert_eq!(fake.scan(), (None, vec![]));

    fake.add("sdb", &Disk::new(512, SECTORS), &[]);
    fake.add("sdc", &disk(512, &ours()[..1]), &ours()[..1]);
    let odd = Disk {
        sector: 2048,
        ..Disk::new(512, SECTORS)
    };
    fake.add("sdd", &odd, &[]);
    fs::remove_file(fake.path("dev/sdd")).unwrap();
    fake.add("vda", &disk(512, &ours()), &ours());
    let (slot, remarks) = fake.scan();
    assert_eq!(slot.unwrap(), "A vda2=51200 vda3=5120");
    assert_eq!(
        remarks,
        [
            "sdb: no GPT",
            "sdc: none of its 1 partitions is ours",
            "sdd: sectors of 2048 bytes are not supported, only 512 and 4096",
        ]
    );
}

#[test]
fn a_disk_that_cannot_be_read_does_not_hide_the_next() {
    let fake = Fake::new();
    fake.add("vda", &disk(512, &ours()), &ours());
    fs::write(fake.path("dev/vda"), "").unwrap();
    fake.add("vdb", &disk(512, &ours()), &ours());
    let (slot, remarks) = fake.scan();
    assert_eq!(slot.unwrap(), "A vdb2=51200 vdb3=5120");
    assert!(
        remarks[0].contains("failed to read sector 1"),
        "{remarks:?}"
    );
}

#[test]
fn a_slash_in_a_device_name_is_found() {
    let fake = Fake::new();
    fs::create_dir(fake.path("dev/cciss")).unwrap();
    fake.add("cciss!c0d0", &disk(512, &ours()), &ours());
    fs::rename(fake.path("dev/cciss!c0d0"), fake.path("dev/cciss/c0d0")).unwrap();
    assert_eq!(
        fake.scan().0.unwrap(),
        "A cciss/c0d0p2=51200 cciss/c0d0p3=5120"
    );
}
