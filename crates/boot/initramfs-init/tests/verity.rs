//! Verity superblocks, and the tables made from them.

mod support;

use initramfs_init::root_hash::RootHash;
use initramfs_init::verity::Superblock;
use proptest::prelude::*;
use support::{put, superblock};

const ROOT_HASH: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn the_table_names_devices_sizes_hash_and_salt_and_panics_on_corruption() {
    let root_hash: RootHash = ROOT_HASH.parse().unwrap();
    for (salt, shown) in [(&[][..], "-"), (&[0xab, 0x01], "ab01")] {
        let superblock = Superblock::parse(&superblock(21_000, salt)).unwrap();
        assert_eq!(
            superblock.table(&root_hash, "/dev/vda2", "/dev/vda3"),
            format!(
                "1 /dev/vda2 /dev/vda3 4096 4096 21000 1 sha256 {ROOT_HASH} {shown} \
                 1 panic_on_corruption"
            )
        );
        assert_eq!(superblock.sectors(), 168_000);
        assert_eq!(
            superblock.device_uuid(),
            "CRYPT-VERITY-5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a-root"
        );
    }
}

#[test]
fn anything_this_system_does_not_write_is_refused() {
    let u32 = |n: u32| n.to_le_bytes().to_vec();
    let u64 = |n: u64| n.to_le_bytes().to_vec();
    let field = |text: &str| format!("its verity superblock has {text}");
    for (offset, bytes, message) in [
        (
            0,
            b"Verity".to_vec(),
            "it has no verity superblock".to_owned(),
        ),
        (7, vec![1], "it has no verity superblock".to_owned()),
        (8, u32(2), field("version 2, but must have 1")),
        (12, u32(0), field("hash type 0, but must have 1")),
        (
            32,
            b"sha512\0".to_vec(),
            field("algorithm sha512, but must have sha256"),
        ),
        (32, b"sha256x".to_vec(), field("algorithm sha256x")),
        (63, vec![1], field("algorithm sha256\\x00\\x00")),
        (32, vec![0; 32], field("algorithm , but must have sha256")),
        (
            64,
            u32(512),
            field("data block size 512, but must have 4096"),
        ),
        (
            68,
            u32(1024),
            field("hash block size 1024, but must have 4096"),
        ),
        (72, u64(0), field("data blocks 0")),
        (72, u64(u64::MAX), field("data blocks 18446744073709551615")),
        (
            80,
            vec![1, 1],
            field("salt size 257, but must have at most 256"),
        ),
        (
            82,
            vec![1],
            field("padding other bytes, but must have zeros"),
        ),
        (120, vec![1], field("padding other bytes")),
        (511, vec![1], field("padding other bytes")),
    ] {
        let mut sector = superblock(1000, &[7; 32]);
        put(&mut sector, offset, &bytes);
        let error = Superblock::parse(&sector).unwrap_err().to_string();
        assert!(error.starts_with(&message), "{error} | {message}");
    }
    let error = Superblock::parse(&superblock(1, &[])[..511]).unwrap_err();
    assert_eq!(error.to_string(), "it is cut off after 511 bytes of 512");
}

#[test]
fn data_and_tree_have_to_fit_their_partitions() {
    const BLOCK: u64 = 4096;
    for (data_blocks, tree_blocks) in [
        (1, 0),
        (2, 1),
        (128, 1),
        (129, 3),
        (128 * 128, 129),
        (128 * 128 + 1, 129 + 3),
        (21_000, 165 + 2 + 1),
    ] {
        let superblock = Superblock::parse(&superblock(data_blocks, &[])).unwrap();
        let (data, hash) = (data_blocks * BLOCK, (tree_blocks + 1) * BLOCK);
        assert_eq!(superblock.check_sizes(data, hash), Ok(()), "{data_blocks}");
        let error = superblock
            .check_sizes(data - 1, hash)
            .unwrap_err()
            .to_string();
        assert!(error.contains("blocks of data"), "{error}");
        let error = superblock
            .check_sizes(data, hash - 1)
            .unwrap_err()
            .to_string();
        assert!(error.contains("its hash tree takes"), "{error}");
    }
    let superblock = Superblock::parse(&superblock(u64::MAX / BLOCK, &[])).unwrap();
    assert!(superblock.check_sizes(u64::MAX, 1 << 40).is_err());
}

#[test]
fn root_hashes() {
    let root_hash: RootHash = ROOT_HASH.to_uppercase().parse().unwrap();
    assert_eq!(root_hash.to_string(), ROOT_HASH);
    assert_eq!(
        root_hash.data_partition().to_string(),
        "00010203-0405-0607-0809-0a0b0c0d0e0f"
    );
    assert_eq!(
        root_hash.hash_partition().to_string(),
        "10111213-1415-1617-1819-1a1b1c1d1e1f"
    );
    for (text, reason) in [
        (
            "",
            "it has 0 characters, but a SHA-256 has 64 hexadecimal digits",
        ),
        (
            &ROOT_HASH[1..],
            "it has 63 characters, but a SHA-256 has 64 hexadecimal digits",
        ),
        (
            &format!("{ROOT_HASH}0"),
            "it has 65 characters, but a SHA-256 has 64 hexadecimal digits",
        ),
        (
            &format!("{} ", &ROOT_HASH[1..]),
            "` ` is not a hexadecimal digit",
        ),
        (
            &format!("{}+", &ROOT_HASH[1..]),
            "`+` is not a hexadecimal digit",
        ),
        (
            &format!("{}é", &ROOT_HASH[2..]),
            "`é` is not a hexadecimal digit",
        ),
    ] {
        let error = text.parse::<RootHash>().unwrap_err();
        assert_eq!(error.to_string(), reason, "{text:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        data_blocks in 1..u64::MAX / 4096,
        salt in prop::collection::vec(any::<u8>(), 0..=256),
    ) {
        let read = Superblock::parse(&superblock(data_blocks, &salt)).unwrap();
        prop_assert_eq!(read.data_blocks, data_blocks);
        prop_assert_eq!(read.salt, salt);
        prop_assert_eq!(read.uuid, [0x5a; 16]);
    }

    #[test]
    fn root_hashes_survive_their_text(bytes in any::<[u8; 32]>()) {
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let hash: RootHash = text.parse().unwrap();
        prop_assert_eq!(hash.to_string(), text);
        let halves = [hash.data_partition().0, hash.hash_partition().0].concat();
        prop_assert_eq!(halves, bytes);
    }
}
