//! A configuration as units of systemd-networkd (systemd.network(5),
//! systemd.netdev(5)).
//!
//! Every device gets a `.network` unit, and one that is made here a `.netdev`
//! unit. Interfaces keep the names that udev gives them, so there are no
//! `.link` units.

mod network;
mod unit;

use crate::config::{
    ArpValidate, Bond, Device, InterfaceName, Kind, Label, Match, Monitoring, NamePattern,
    NetConfig, Vlan,
};
use network::Role;
use unit::Text;

/// What the names of our units start with: before the unit of the image, and
/// told apart from units of others.
pub const PREFIX: &str = "10-netdog-";

/// The unit of the image by which every Ethernet port asks for addresses.
pub const DEFAULT_UNIT: &str = "90-default.network";

/// A file for `/run/systemd/network`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub file_name: String,
    /// Its content. An empty unit hides one of the same name in `/usr/lib`.
    pub contents: String,
}

/// The units that make the network what a configuration says. The last one
/// hides the default of the image, so that nothing else is configured: written
/// in this order, the default is in force until the others are there.
pub fn render(config: &NetConfig) -> Vec<Unit> {
    let mut units = Vec::new();
    for device in config.devices() {
        let role = Role::of(device, config);
        match &device.kind {
            Kind::Interface(matching) => {
                units.push(network::unit(device, &interfaces(matching), &role));
            }
            Kind::Bond(bond) => {
                units.push(bond_device(device, bond));
                units.push(network::unit(device, &made_here(device), &role));
            }
            Kind::Vlan(vlan) => {
                units.push(vlan_device(device, vlan));
                units.push(network::unit(device, &made_here(device), &role));
            }
        }
    }
    for name in unlisted(config) {
        let device = Device::bare(name);
        let matching = Match {
            name: Some(NamePattern::from(name)),
            ..Match::default()
        };
        let role = Role::of(&device, config);
        units.push(network::unit(&device, &interfaces(&matching), &role));
    }
    units.push(Unit {
        file_name: DEFAULT_UNIT.to_owned(),
        contents: String::new(),
    });
    units
}

/// The name of the `.network` unit of a device.
pub fn network_unit_name(label: &Label) -> String {
    format!("{}.network", stem(label))
}

fn stem(label: &Label) -> String {
    match label {
        Label::Name(name) => format!("{PREFIX}{name}"),
        // Too long for an interface's name, so it cannot be one.
        Label::Mac(mac) => format!("{PREFIX}mac-{}", mac.joined("")),
    }
}

/// Interfaces that others are made of, without a table of their own.
fn unlisted(config: &NetConfig) -> Vec<&InterfaceName> {
    let mut names = Vec::new();
    for device in config.devices() {
        let parts = match &device.kind {
            Kind::Interface(_) => &[],
            Kind::Bond(bond) => bond.members.as_slice(),
            Kind::Vlan(vlan) => std::slice::from_ref(&vlan.device),
        };
        for name in parts {
            let mut listed = config.devices().iter().map(|device| &device.label);
            if !listed.any(|label| matches!(label, Label::Name(n) if n == name))
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names
}

/// The `[Match]` section for interfaces that exist.
fn interfaces(matching: &Match) -> Text {
    let mut text = Text::default();
    text.section("Match");
    text.set_if("Name", matching.name.as_ref());
    // The other address changes: members of a bond share one, and a VLAN has
    // that of the device below.
    text.set_if("PermanentMACAddress", matching.mac);
    text.set_if("Driver", matching.driver.as_ref());
    let one_name = matching.name.as_ref().is_some_and(NamePattern::is_one_name);
    if !one_name && matching.mac.is_none() {
        // Not the devices of containers.
        text.set("Type", "ether");
        text.set("Kind", "!*");
    }
    text
}

/// The `[Match]` section for a device that has the name of its table.
fn made_here(device: &Device) -> Text {
    let mut text = Text::default();
    text.section("Match");
    text.set("Name", &device.label);
    text
}

fn netdev(device: &Device, kind: &str) -> Text {
    let mut text = Text::default();
    text.section("NetDev");
    text.set("Name", &device.label);
    text.set("Kind", kind);
    text.set_if("MTUBytes", device.mtu);
    text
}

fn vlan_device(device: &Device, vlan: &Vlan) -> Unit {
    let mut text = netdev(device, "vlan");
    text.section("VLAN");
    text.set("Id", vlan.id);
    text.into_unit(format!("{}.netdev", stem(&device.label)))
}

fn bond_device(device: &Device, bond: &Bond) -> Unit {
    let mut text = netdev(device, "bond");
    text.section("Bond");
    text.set("Mode", "active-backup");
    text.set_if("MinLinks", bond.min_links);
    match &bond.monitoring {
        Monitoring::Mii {
            frequency,
            up_delay,
            down_delay,
        } => {
            text.set("MIIMonitorSec", format_args!("{frequency}ms"));
            text.set("UpDelaySec", format_args!("{up_delay}ms"));
            text.set("DownDelaySec", format_args!("{down_delay}ms"));
        }
        Monitoring::Arp {
            interval,
            validate,
            targets,
        } => {
            text.set("ARPIntervalSec", format_args!("{interval}ms"));
            let validate = match validate {
                ArpValidate::None => "none",
                ArpValidate::Active => "active",
                ArpValidate::Backup => "backup",
                ArpValidate::All => "all",
            };
            text.set("ARPValidate", validate);
            for target in targets {
                text.set("ARPIPTargets", target);
            }
        }
    }
    text.into_unit(format!("{}.netdev", stem(&device.label)))
}
