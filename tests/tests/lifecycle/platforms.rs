//! User data as platforms hand it over: volumes, and the metadata service of a
//! cloud, found by what the machine says it is.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, instance_of_ec2, machine};
use fake_imds::Instance;
use vm::{Channel, Medium, Node, Options};

const USER_DATA: &str = "\
[settings]
motd = \"from the platform\"
";

/// A volume as cloud-image-utils make it, in a folder that lives with it.
fn volume(file_system: &str) -> Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let user_data = folder.path().join("user-data.toml");
    std::fs::write(&user_data, USER_DATA)?;
    let image = folder.path().join("seed.img");
    let output = Command::new("cloud-localds")
        .args(["--filesystem", file_system])
        .args([&image, &user_data])
        .output()
        .context("failed to run cloud-localds; hint: install cloud-image-utils")?;
    ensure!(output.status.success(), "{output:?}");
    Ok((folder, image))
}

fn boot(name: &str, change: impl FnOnce(&mut Options)) -> Result<Node> {
    let image = Image::find()?;
    let mut options = machine(&image, name, direct(&image)?)?;
    options.disk = disk(&image, 4);
    options.reboot = false;
    change(&mut options);
    start(&options)
}

fn start(options: &Options) -> Result<Node> {
    let node = Node::start(options)?;
    let state = node.wait_ready(BOOT)?;
    assert_eq!(state, "running", "{}", node.console().tail());
    Ok(node)
}

/// Of the whole chain: it was found, and is in force.
fn user_data_is_in_force(channel: &Channel) -> Result<()> {
    let motd = api::get(channel, "/settings?provenance=true&keys=motd")?;
    assert_eq!(motd["settings.motd"]["layer"], "user-data", "{motd}");
    let contents = channel.read_file("/etc/motd")?;
    assert!(contents.data.text().contains("from the platform"));
    let status = api::get(channel, "/status")?;
    assert_eq!(status["degraded"], false, "{status}");
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}

#[test]
fn a_disc_labelled_cidata_is_read() -> Result<()> {
    let (_folder, image) = volume("iso9660")?;
    let node = boot("nocloud-disc", |options| {
        options.media = vec![Medium::Disc(image)];
    })?;
    user_data_is_in_force(node.channel())
}

#[test]
fn a_disk_labelled_cidata_is_read_where_the_machine_says_there_is_one() -> Result<()> {
    let (_folder, image) = volume("vfat")?;
    let node = boot("nocloud-disk", |options| {
        options.media = vec![Medium::Disk(image)];
        options.identity.serial = Some("ds=nocloud".to_owned());
    })?;
    user_data_is_in_force(node.channel())
}

#[test]
fn an_instance_of_ec2_asks_its_metadata_service() -> Result<()> {
    let image = Image::find()?;
    let mut options = machine(&image, "ec2", direct(&image)?)?;
    options.disk = disk(&image, 4);
    options.reboot = false;
    let instance = Instance {
        region: "eu-central-1".to_owned(),
        user_data: Some(USER_DATA.to_owned()),
        ..Instance::default()
    };
    let server = instance_of_ec2(&mut options, &instance, env!("CARGO_BIN_EXE_relay"))?;
    let node = start(&options)?;
    user_data_is_in_force(node.channel())?;
    assert_eq!(
        server.lines(),
        [
            "PUT /latest/api/token",
            "GET /latest/dynamic/instance-identity/document",
            "GET /latest/user-data",
        ]
    );
    Ok(())
}
