//! Machines that are installed by what the installer is shipped as.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use artefacts::{Format, Installation};
use end_to_end_tests::{BOOT, Image, api, denials, image_tools, machine, through_firmware};
use gptman::GPT;
use initramfs_init::gpt::{Geometry, Table};
use vm::{Attachment, Boot, Bus, Disk, Medium, Node, Options};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// An image of 3 GiB is written and read back by emulated processors.
const INSTALLED: Duration = Duration::from_secs(900);

const USER_DATA: &str = "[settings]\nmotd = \"installed\"\n";

/// What the installer of a disk is made of; it takes the rest from beside the disk.
fn make(disk: &Path, format: Format, arguments: &[&str], output: &Path) -> Result<PathBuf> {
    let image = artefacts::Image {
        disk: disk.to_owned(),
        variant: "metal-dev".to_owned(),
        architecture: "x86_64".to_owned(),
        version: "1.2.3".to_owned(),
        root_hash: "0123".repeat(16),
        epoch: 1_767_225_600,
        machine_disk: 0,
        data_disk: None,
        installation: Installation {
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            user_data: Some(USER_DATA.into()),
        },
    };
    let made = artefacts::make(&image, &[format], output, &image_tools()?, |_| {})?;
    made.into_iter()
        .find(|path| path.to_string_lossy().ends_with(format.ending()))
        .context("the artefact is made")
}

/// A machine with a disk of this size, in which nothing is yet.
fn options(
    image: &Image,
    name: &str,
    boot: Boot,
    attachment: Attachment,
    bytes: u64,
) -> Result<(Options, PathBuf)> {
    let mut options = machine(image, name, boot)?;
    let folder = options.state.clone().context("a machine has a folder")?;
    fs::create_dir_all(&folder)?;
    let disk = folder.join("disk.img");
    File::create(&disk)?.set_len(bytes)?;
    options.disk = Some(Disk::WriteThrough(disk.clone()));
    options.attachment = attachment;
    options.reboot = false;
    Ok((options, disk))
}

/// A disk with a table and little else, and beside it what an image has.
fn small_disk(image: &Image, folder: &Path) -> Result<PathBuf> {
    for name in [
        "vmlinuz",
        "initramfs.zst",
        "cmdline",
        "stub.efi",
        "install-to-disk",
    ] {
        symlink(image.file(name), folder.join(name))?;
    }
    let path = folder.join("disk.img");
    let mut disk = File::create_new(&path)?;
    disk.set_len(8 * MIB)?;
    let mut options = File::options();
    disk = options.read(true).write(true).open(&path)?;
    let mut table = GPT::new_from(&mut disk, 512, [7; 16])?;
    table[1] = gptman::GPTPartitionEntry {
        partition_type_guid: [1; 16],
        unique_partition_guid: [2; 16],
        starting_lba: 2048,
        ending_lba: 6 * 2048 - 1,
        attribute_bits: 0,
        partition_name: "ESP".into(),
    };
    let files = vec![("EFI".to_owned(), None)];
    fat::make(fat::Region::new(&disk, MIB, 5 * MIB), 512, "ESP", 1, &files)?;
    GPT::write_protective_mbr_into(&mut disk, 512)?;
    table.write_into(&mut disk)?;
    Ok(path)
}

#[test]
fn a_disk_with_data_is_left_alone() -> Result<()> {
    let image = Image::find()?;
    let folder = tempfile::tempdir()?;
    let disk = small_disk(&image, folder.path())?;
    let program = make(
        &disk,
        Format::Installer,
        &["bottlerocket.install=largest"],
        folder.path(),
    )?;
    let sata = Attachment {
        bus: Bus::Sata,
        ..Attachment::default()
    };
    let boot = Boot::Program(program);
    let (options, target) = options(&image, "installer-refuses", boot, sata, 64 * MIB)?;
    let mut before = vec![0; 64 * MIB as usize];
    before[1080..1082].copy_from_slice(&[0x53, 0xef]);
    fs::write(&target, &before)?;
    let node = Node::start(&options)?;
    for said in [
        "/dev/sda holds something: a file system",
        "nothing more is done",
    ] {
        node.console().wait_for(said, 0, BOOT)?;
    }
    ensure!(node.is_running());
    drop(node);
    ensure!(fs::read(&target)? == before);
    Ok(())
}

#[test]
fn the_disk_that_is_named_is_installed() -> Result<()> {
    let image = Image::find()?;
    let folder = tempfile::tempdir()?;
    let disk = small_disk(&image, folder.path())?;
    let arguments = [
        "bottlerocket.install=serial:A_1",
        "bottlerocket.install.wipe",
    ];
    let program = make(&disk, Format::Installer, &arguments, folder.path())?;
    let large_sectors = Attachment {
        bus: Bus::Scsi,
        sector: 4096,
        serial: Some("A 1".to_owned()),
    };
    let boot = Boot::Program(program);
    let (mut options, target) = options(&image, "installer", boot, large_sectors, 64 * MIB)?;
    // What was there may go.
    fs::write(&target, vec![0x55; 64 * MIB as usize])?;
    let other = folder.path().join("other.img");
    File::create(&other)?.set_len(64 * MIB)?;
    options.media = vec![Medium::Disk(other)];
    let node = Node::start(&options)?;
    node.wait_exit(BOOT)?;
    let console = node.console().text();
    ensure!(
        console.contains("1.2.3 is installed on /dev/sda"),
        "{console}"
    );
    ensure!(console.contains("reboot: Power down"), "{console}");
    let geometry = Geometry::new(4096, 64 * MIB)?;
    let table = Table::read(&File::open(&target)?, geometry)?;
    let found: Vec<_> = table.partitions.iter().map(|p| p.name.as_str()).collect();
    ensure!(found == ["ESP", "CIDATA"], "{found:?}");
    let written = fs::read(&target)?;
    let mut texts = written.windows(USER_DATA.len());
    ensure!(texts.any(|text| text == USER_DATA.as_bytes()));
    Ok(())
}

/// How an installer comes to a machine.
#[derive(Clone, Copy)]
enum Way {
    Disc,
    Stick,
    Network,
}

#[test]
#[ignore = "scripts/check-machines runs it: it takes minutes"]
fn a_machine_is_installed_and_boots() -> Result<()> {
    let image = Image::find()?;
    let folder = tempfile::tempdir()?;
    for (name, way, selector, bus, sector) in [
        ("disc-nvme-4096", Way::Disc, "/dev/nvme0n1", Bus::Nvme, 4096),
        ("stick-sata", Way::Stick, "serial:S1", Bus::Sata, 512),
        (
            "network-virtio-4096",
            Way::Network,
            "size:5G-",
            Bus::Virtio,
            4096,
        ),
        ("stick-nvme", Way::Stick, "smallest", Bus::Nvme, 512),
    ] {
        let format = match way {
            Way::Network => Format::Installer,
            Way::Disc | Way::Stick => Format::Iso,
        };
        let argument = format!("bottlerocket.install={selector}");
        let output = folder.path().join(name);
        let installer = make(image.disk(), format, &[&argument], &output)?;
        let boot = match way {
            Way::Network => Boot::Program(installer.clone()),
            Way::Disc | Way::Stick => through_firmware(),
        };
        let attachment = Attachment {
            bus,
            sector,
            serial: Some("S1".to_owned()),
        };
        let name = format!("install-{name}");
        let (mut options, disk) = options(&image, &name, boot, attachment, 6 * GIB)?;
        options.media = match way {
            Way::Disc => vec![Medium::Disc(installer)],
            Way::Stick => vec![Medium::Stick(installer)],
            Way::Network => Vec::new(),
        };
        let node = Node::start(&options)?;
        node.wait_exit(INSTALLED)
            .with_context(|| format!("{name}: {}", node.console().tail()))?;
        let console = node.console().text();
        ensure!(
            console.contains(" is installed on /dev/"),
            "{name}: {console}"
        );
        drop(node);

        options.boot = through_firmware();
        options.media = Vec::new();
        let node = Node::start(&options)?;
        let state = node.wait_ready(BOOT)?;
        ensure!(state == "running", "{name}: {state}");
        let settings = api::settings(node.channel())?;
        ensure!(settings["motd"] == "installed", "{name}: {settings}");
        let denials = denials(node.channel())?;
        ensure!(denials.is_empty(), "{name}: {denials:?}");
        node.power_off(BOOT)?;
        fs::remove_file(disk)?;
    }
    Ok(())
}
