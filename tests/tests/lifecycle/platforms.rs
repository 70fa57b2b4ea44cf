//! User data as platforms hand it over: volumes, and the metadata service of a
//! cloud, found by what the machine says it is.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, machine};
use fake_http_server::FakeTcpServer;
use fake_imds::Cloud;
use vm::{Channel, Identity, Medium, Network, Node, Options, Service};

const USER_DATA: &str = "\
[settings]
motd = \"from the platform\"
";

/// A disc as cloud-image-utils make it, in a folder that lives with it.
fn nocloud_disc(contents: &str) -> Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let user_data = folder.path().join("user-data.toml");
    std::fs::write(&user_data, contents)?;
    let image = folder.path().join("seed.img");
    let output = Command::new("cloud-localds")
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
    let node = Node::start(&options)?;
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
#[ignore = "scripts/check-machines runs it: it takes minutes"]
fn a_disc_labelled_cidata_is_read() -> Result<()> {
    let (_folder, image) = nocloud_disc(USER_DATA)?;
    let node = boot("nocloud-disc", |options| {
        options.media = vec![Medium::Disc(image)];
    })?;
    user_data_is_in_force(node.channel())
}

/// A volume with one file, as OpenStack and VMware hand them over.
fn disc(label: &str, file: &str) -> Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("files").join(file);
    std::fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
    std::fs::write(&path, USER_DATA)?;
    let image = folder.path().join("disc.iso");
    let output = Command::new("genisoimage")
        .args(["-quiet", "-joliet", "-rock", "-volid", label, "-output"])
        .args([image.clone(), folder.path().join("files")])
        .output()
        .context("failed to run genisoimage; hint: install it")?;
    ensure!(output.status.success(), "{output:?}");
    Ok((folder, image))
}

#[test]
#[ignore = "scripts/check-machines runs it: it takes minutes"]
fn volumes_of_clouds_are_read_where_the_machine_is_one_of_theirs() -> Result<()> {
    let is_vmware = |identity: &mut Identity| {
        identity.manufacturer = Some("VMware, Inc.".to_owned());
    };
    let is_open_stack = |identity: &mut Identity| {
        identity.product = Some("OpenStack Nova".to_owned());
    };
    type Mark = fn(&mut Identity);
    let cases: [(&str, &str, &str, Mark); 2] = [
        (
            "config-drive",
            "config-2",
            "openstack/latest/user_data",
            is_open_stack,
        ),
        ("vmware-disc", "anything", "user-data.toml", is_vmware),
    ];
    for (name, label, file, mark) in cases {
        let (_folder, image) = disc(label, file)?;
        let node = boot(name, |options| {
            options.media = vec![Medium::Disc(image)];
            mark(&mut options.identity);
        })?;
        user_data_is_in_force(node.channel()).context(name)?;
    }
    Ok(())
}

#[test]
#[ignore = "scripts/check-machines runs it: it takes minutes"]
fn machines_of_clouds_ask_the_metadata_service_of_theirs() -> Result<()> {
    for (cloud, name, product, asset_tag) in [
        (
            Cloud::Azure,
            "azure",
            "Virtual Machine",
            "7783-7084-3265-9085-8269-3286-77",
        ),
        (Cloud::Gcp, "gcp", "Google Compute Engine", ""),
        (Cloud::OpenStack, "openstack", "OpenStack Nova", ""),
    ] {
        let server = FakeTcpServer::start(move |request| cloud.answer(Some(USER_DATA), request));
        let node = boot(name, |options| {
            options.identity.product = Some(product.to_owned());
            options.identity.asset_tag = Some(asset_tag.to_owned());
            options.network = Some(Network {
                services: vec![Service {
                    address: SocketAddrV4::new([169, 254, 169, 254].into(), 80),
                    command: vec![
                        env!("CARGO_BIN_EXE_relay").to_owned(),
                        server.address().to_string(),
                    ],
                }],
                ..Network::default()
            });
        })?;
        user_data_is_in_force(node.channel()).context(name)?;
    }
    Ok(())
}
