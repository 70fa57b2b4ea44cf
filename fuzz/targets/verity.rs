//! Any superblock is refused, or makes a table of the expected words.

#![no_main]

use initramfs_init::root_hash::RootHash;
use initramfs_init::verity::{BLOCK_BYTES, Superblock};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(superblock) = Superblock::parse(data) else {
        return;
    };
    let root_hash: RootHash = "ab".repeat(32).parse().expect("64 hexadecimal digits");
    let table = superblock.table(&root_hash, "/dev/a", "/dev/b");
    assert_eq!(table.split(' ').count(), 12);
    assert!(
        table.len() < 1024,
        "longer than the device mapper's request"
    );
    assert!(superblock.device_uuid().len() < 129);
    assert_eq!(superblock.sectors() / 8, superblock.data_blocks);
    for partition in [0, BLOCK_BYTES, 1 << 30, u64::MAX] {
        if superblock.check_sizes(partition, partition).is_ok() {
            assert!(superblock.data_blocks <= partition / BLOCK_BYTES);
        }
    }
});
