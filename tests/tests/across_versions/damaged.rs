//! An update that is damaged on the disk, after it was written and verified.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use end_to_end_tests::damage::{flip_bits, mtools, vital_positions};
use end_to_end_tests::{BOOT, Image, copy_sparse};
use vm::{Disk, Node};

use super::node::{expect_fallback, leave_one_try, options, update, version, with_raw_disk};
use super::{Releases, releases};

/// A disk with 1.0.0 in slot A, and 1.1.0 in slot B, which boots next: once.
struct Updated {
    releases: &'static Releases,
    folder: PathBuf,
    disk: PathBuf,
}

impl Updated {
    fn new(name: &str) -> Result<Self> {
        let releases = releases()?;
        let (options, disk) = with_raw_disk(releases, name)?;
        let folder = options.state.clone().context("a machine has a folder")?;
        let node = Node::start(&options)?;
        node.wait_ready(BOOT)?;
        update(node.channel(), &["apply"])?;
        node.power_off(BOOT)?;
        let updated = Self {
            releases,
            folder,
            disk,
        };
        leave_one_try(releases, &updated.disk, 'b')?;
        Ok(updated)
    }

    fn esp_position(&self) -> Result<u64> {
        self.image().partition_offset("ESP")
    }

    fn image(&self) -> &Image {
        &self.releases.old
    }

    /// Boots a copy of the disk that something has happened to. The firmware
    /// has forgotten all it knew.
    fn boot(&self, name: &str, damage: impl FnOnce(&Path) -> Result<()>) -> Result<Node> {
        let disk = self.folder.join(format!("{name}.img"));
        copy_sparse(&self.disk, &disk)?;
        damage(&disk)?;
        let disk = Disk::WriteThrough(disk);
        let repository = &self.releases.repository;
        Ok(Node::start(&options(
            self.image(),
            &format!("damaged-{name}"),
            disk,
            repository,
        )?)?)
    }

    fn gives_way(&self, name: &str, damage: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
        let node = self.boot(name, damage)?;
        expect_fallback(&node, "1.0.0", "1.1.0", "", "it did not start")
            .with_context(|| name.to_owned())?;
        drop(node);
        Ok(std::fs::remove_file(
            self.folder.join(format!("{name}.img")),
        )?)
    }
}

const KERNEL_IMAGE: &str = "::EFI/bottlerocket/slot-b.efi";

#[test]
#[ignore = "scripts/faults runs it: it takes minutes"]
fn an_update_that_is_damaged_anywhere_gives_way() -> Result<()> {
    let updated = Updated::new("damaged-anywhere")?;
    let esp = updated.esp_position()?;
    let whole = std::fs::read(updated.releases.new.kernel_image())?;

    // Nothing happened, but that the firmware has forgotten its variables.
    let node = updated.boot("nothing", |_| Ok(()))?;
    node.wait_ready(BOOT)?;
    assert_eq!(version(node.channel())?, "1.1.0");
    drop(node);

    updated.gives_way("no-kernel-image", |disk| {
        mtools("mdel", disk, esp, &[KERNEL_IMAGE])
    })?;
    for (name, positions) in vital_positions(updated.image(), &updated.disk, 'B')? {
        updated.gives_way(name, |disk| flip_bits(disk, &positions))?;
    }
    let replaced = |name: &str, image: &[u8]| {
        let file = updated.folder.join("slot-b.efi");
        std::fs::write(&file, image)?;
        updated.gives_way(name, |disk| {
            let file = file.to_string_lossy();
            mtools("mcopy", disk, esp, &["-o", &file, KERNEL_IMAGE])
        })
    };
    replaced("half-a-kernel-image", &whole[..whole.len() / 2])?;
    replaced("empty-kernel-image", &[])?;
    replaced("kernel-without-initramfs", &without_initramfs(&whole)?)
}

/// The kernel image with nothing but zeroes in the place of its initramfs: the
/// kernel panics.
fn without_initramfs(image: &[u8]) -> Result<Vec<u8>> {
    const NAME: &[u8] = b".initrd\0";
    let header = image.windows(NAME.len()).position(|w| w == NAME);
    let header = header.context("no section .initrd")?;
    let number = |at: usize| -> Result<usize> {
        let bytes = image
            .get(header + at..header + at + 4)
            .context("no header")?;
        Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
    };
    let (size, start) = (number(16)?, number(20)?);
    let mut changed = image.to_vec();
    changed
        .get_mut(start..start + size)
        .context("no initramfs")?
        .fill(0);
    Ok(changed)
}
