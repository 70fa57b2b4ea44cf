//! Nodes of a variant that keeps its data on another disk than the system's.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use end_to_end_tests::release::cargo_run;
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, machine, workspace};
use vm::{Channel, Disk, Node};

const GIB: u64 = 1 << 30;

/// As `metal-dev`, with the software set `data-disk`.
fn image() -> Result<Image> {
    let folder = workspace().join("build/end-to-end/variants");
    fs::create_dir_all(&folder)?;
    let text = fs::read_to_string(workspace().join("conf/variants/metal-dev.toml"))?;
    let with = text.replace(r#"software = ["#, r#"software = ["data-disk", "#);
    ensure!(with != text, "metal-dev has no software");
    let file = folder.join("metal-data.toml");
    fs::write(&file, with)?;
    let output = folder.join("metal-data");
    let arguments = ["image", "--accept-executables", "--variant"].map(Path::new);
    let arguments = [&arguments[..], &[&file, Path::new("--output"), &output]].concat();
    cargo_run("image-builder", &arguments)?;
    Image::in_folder(&output)
}

/// The partition that the label leads to, and the size of its file system in GiB.
fn data(channel: &Channel) -> Result<(String, u64)> {
    let info = ["/usr/bin/udevadm", "info", "--query=name"];
    let data = channel.output(&[&info[..], &["/dev/disk/by-system/DATA"]].concat())?;
    let size = channel.file_system_size("/local")?;
    Ok((data.trim().to_owned(), size.div_ceil(GIB)))
}

fn is_healthy(node: &Node) -> Result<()> {
    let state = node.wait_ready(BOOT)?;
    ensure!(state == "running", "{state}: {}", node.console().tail());
    let found = denials(node.channel())?;
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

#[test]
#[ignore = "scripts/check-machines runs it: it builds another image"]
fn data_is_on_another_disk_and_is_never_begun_anew() -> Result<()> {
    let image = image()?;
    let mut options = machine(&image, "data-disk", direct(&image)?)?;
    options.disk = disk(&image, 4);
    let folder = options.state.clone().context("a machine has a folder")?;
    fs::create_dir_all(&folder)?;
    let blank = |name: &str, gib: u64| -> Result<PathBuf> {
        let path = folder.join(name);
        File::create(&path)?.set_len(gib * GIB)?;
        Ok(path)
    };
    let first = blank("data.img", 2)?;
    options.data_disk = Some(Disk::WriteThrough(first.clone()));
    let node = Node::start(&options)?;
    is_healthy(&node)?;
    assert_eq!(data(node.channel())?, ("vdb1".to_owned(), 2));
    api::set(node.channel(), &["motd=kept"])?;
    node.power_off(BOOT)?;
    drop(node);

    // It grows with its disk.
    OpenOptions::new()
        .write(true)
        .open(&first)?
        .set_len(3 * GIB)?;
    let node = Node::start(&options)?;
    is_healthy(&node)?;
    assert_eq!(data(node.channel())?, ("vdb1".to_owned(), 3));
    assert_eq!(api::settings(node.channel())?["motd"], "kept");
    node.power_off(BOOT)?;
    drop(node);

    // A disk with nothing on it is not the one that was there.
    options.data_disk = Some(Disk::WriteThrough(blank("another.img", 2)?));
    let node = Node::start(&options)?;
    node.wait_channel(BOOT)?;
    let journal = ["/usr/bin/journalctl", "-b", "-o", "cat", "-u", "data-disk"];
    let deadline = Instant::now() + BOOT;
    loop {
        let said = node.channel().output(&journal)?;
        if said.contains("no other disk has a partition DATA, and this node had one before") {
            break;
        }
        ensure!(Instant::now() < deadline, "{said}");
        std::thread::sleep(Duration::from_millis(500));
    }
    let written = fs::metadata(folder.join("another.img"))?.blocks();
    ensure!(written == 0, "it was written to");
    drop(node);

    // A node with one disk, to which that of the other is attached, takes its own.
    let before = fs::metadata(&first)?.modified()?;
    let image = Image::find()?;
    let mut options = machine(&image, "lent-disk", direct(&image)?)?;
    options.disk = disk(&image, 4);
    options.data_disk = Some(Disk::WriteThrough(first.clone()));
    for _boot in 0..2 {
        let node = Node::start(&options)?;
        is_healthy(&node)?;
        let (partition, _) = data(node.channel())?;
        ensure!(partition.starts_with("vda"), "{partition}");
        node.power_off(BOOT)?;
    }
    ensure!(
        fs::metadata(&first)?.modified()? == before,
        "it was written to"
    );
    Ok(())
}
