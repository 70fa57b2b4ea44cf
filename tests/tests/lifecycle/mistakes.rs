//! Mistakes in user data and in net.toml do not brick a node, nor make it one that
//! cannot be reached. User data comes in a SMBIOS string here.

use anyhow::Result;
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, machine};
use serde_json::json;
use vm::{Node, UserData};

use super::network::address;

const USER_DATA: &str = "\
[settings]
motd = \"never to be seen\"

[settings.ntp]
time-servers = \"one, not a list\"
";

const NET_TOML: &str = "\
version = 3
[lan.match]
driver = \"virtio_net\"
[lan.static4]
adresses = [\"10.0.2.77/24\"]
";

#[test]
fn mistakes_are_refused_as_a_whole_and_reported_and_the_node_comes_up() -> Result<()> {
    let image = Image::find()?;
    let mut options = machine(&image, "mistakes", direct(&image)?)?;
    options.disk = disk(&image, 5);
    options.reboot = false;
    options.user_data = Some(UserData::Smbios(USER_DATA.into()));
    options.net_toml = Some(NET_TOML.into());
    let node = Node::start(&options)?;
    let state = node.wait_ready(BOOT)?;
    let channel = node.channel();
    assert_eq!(state, "running", "{}", node.console().tail());
    let status = api::get(channel, "/status")?;
    let reasons = status["reasons"].to_string();
    assert_eq!(status["degraded"], true, "{status}");

    assert!(reasons.contains("time-servers"), "{reasons}");
    // Line 5 of the document, and where in it.
    assert!(reasons.contains(":5:"), "{reasons}");
    let settings = api::settings(channel)?.to_string();
    assert!(!settings.contains("never to be seen"), "{settings}");
    let motd = channel.read_file("/etc/motd")?;
    assert!(!motd.data.text().contains("never to be seen"));

    assert!(reasons.contains("bottlerocket.net-toml:5:1"), "{reasons}");
    assert!(reasons.contains("did you mean `addresses`?"), "{reasons}");
    // The address that QEMU's DHCP server gives.
    assert_eq!(address(channel)?, json!("10.0.2.15"));
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}
