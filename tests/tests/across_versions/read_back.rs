//! What is read back from a slot, against trees that `veritysetup` makes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use end_to_end_tests::image_tools;
use initramfs_init::root_hash::RootHash;
use updog::verity::{Error, verify};

/// A file of blocks that differ, its tree, and the root hash.
fn slot(folder: &Path, blocks: usize) -> Result<(PathBuf, PathBuf, RootHash)> {
    let (data, hash) = (folder.join("data"), folder.join("hash"));
    let bytes: Vec<u8> = (0..blocks * 4096).map(|n| (n / 7 % 251) as u8).collect();
    fs::write(&data, bytes)?;
    let output = image_tools()?
        .command("veritysetup")?
        .args(["format", "--salt", "0011"])
        .args([&data, &hash])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|l| l.strip_prefix("Root hash:"));
    let root = line.with_context(|| format!("{output:?}"))?.trim();
    Ok((data, hash, root.parse()?))
}

fn flip(path: &Path, place: usize) -> Result<()> {
    let mut bytes = fs::read(path)?;
    bytes[place] ^= 1;
    Ok(fs::write(path, bytes)?)
}

#[test]
fn trees_of_up_to_three_levels_are_right() -> Result<()> {
    for blocks in [1, 2, 128, 129, 16384, 16385] {
        let folder = tempfile::tempdir()?;
        let (data, hash, root) = slot(folder.path(), blocks)?;
        verify(&data, &hash, root).with_context(|| format!("{blocks} blocks"))?;
    }
    Ok(())
}

#[test]
fn one_bit_anywhere_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (data, hash, root) = slot(folder.path(), 300)?;
    for place in [0, 4095, 150 * 4096, 300 * 4096 - 1] {
        flip(&data, place)?;
        let found = verify(&data, &hash, root);
        assert!(
            matches!(found, Err(Error::Tree { .. })),
            "{place}: {found:?}"
        );
        flip(&data, place)?;
    }
    // The signature, the salt, the top of the tree, a leaf.
    for place in [0, 88, 4096, 2 * 4096, 4 * 4096 + 40] {
        flip(&hash, place)?;
        assert!(verify(&data, &hash, root).is_err(), "{place}");
        flip(&hash, place)?;
    }
    let mut other = root.bytes();
    other[31] ^= 1;
    let found = verify(&data, &hash, other.into());
    assert!(matches!(found, Err(Error::RootHash { .. })), "{found:?}");
    verify(&data, &hash, root)?;
    fs::write(&data, b"cut")?;
    assert!(verify(&data, &hash, root).is_err());
    Ok(())
}
