//! Bad user data does not brick a node. It comes in a SMBIOS string here.

use anyhow::Result;
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, machine};
use vm::{Node, UserData};

const USER_DATA: &str = "\
[settings]
motd = \"never to be seen\"

[settings.ntp]
time-servers = \"one, not a list\"
";

#[test]
fn bad_user_data_is_refused_as_a_whole_and_the_node_comes_up() -> Result<()> {
    let image = Image::find()?;
    let mut options = machine(&image, "bad-user-data", direct(&image)?)?;
    options.disk = disk(&image, 5);
    options.reboot = false;
    options.user_data = Some(UserData::Smbios(USER_DATA.into()));
    let node = Node::start(&options)?;
    let state = node.wait_ready(BOOT)?;
    let channel = node.channel();
    let status = api::get(channel, "/status")?;
    let reasons = status["reasons"].to_string();
    assert_eq!(state, "running", "{}", node.console().tail());
    assert_eq!(status["degraded"], true, "{status}");
    assert!(reasons.contains("time-servers"), "{reasons}");
    // Line 5 of the document, and where in it.
    assert!(reasons.contains(":5:"), "{reasons}");
    let settings = api::settings(channel)?.to_string();
    assert!(!settings.contains("never to be seen"), "{settings}");
    let motd = channel.read_file("/etc/motd")?;
    assert!(!motd.data.text().contains("never to be seen"));
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);
    Ok(())
}
