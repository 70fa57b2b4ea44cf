//! What the network of a node is to be, and how it is written down: in
//! `net.toml`, or for one interface on the kernel command line.
//!
//! # `net.toml`
//!
//! A TOML document of at most 64 KiB with one table per network device, named
//! after it, and the `version` of the format: 1, 2 or 3. A later version knows
//! all that an earlier one does. Fields and meaning are those of Bottlerocket;
//! what it does not have is marked (ours).
//!
//! ```toml
//! version = 3
//!
//! [eno1]
//! dhcp4 = true
//! primary = true
//!
//! [eno2.static4]
//! addresses = ["192.0.2.10/24"]
//!
//! [[eno2.route]]
//! to = "198.51.100.0/24"
//! via = "192.0.2.1"
//! ```
//!
//! | key | since | value |
//! |---|---|---|
//! | `dhcp4`, `dhcp6` | 1 | true or false, or a table: `enabled` (needed), `optional` (the node counts as online without it), `route-metric` (for `dhcp6`: ours) |
//! | `primary` | 1 | true for the one device that has the node's address; without it that is the first one in the file that has addresses |
//! | `static4`, `static6` | 2 | a table: `addresses`, a list of addresses with prefix, the first one being the node's if the device is the primary one |
//! | `route` | 2 | a list of tables: `to` (`default` or a network), `via` (the gateway; without it the destination is on the link), `from` (the source address to use), `route-metric` |
//! | `mtu` | 3 | bytes, 68 to 65535, 1280 at least where there is IPv6 |
//! | `kind` | 3 | `bond` or `vlan`; without it the table is about an interface that exists |
//! | `match` | 3 | (ours) which interfaces the table is about |
//!
//! A family has either DHCP or static addresses, and routes only with the
//! latter. With `dhcp6`, and only then, router advertisements are taken as
//! well. Addresses of name servers come from DHCP and from `settings.dns`.
//!
//! **MAC addresses.** Since version 3 an interface can be named by its
//! permanent MAC address: `["0e:b3:69:44:b6:33"]`, quoted, with `:` or `-`.
//!
//! **`match` (ours).** Names of interfaces differ from machine to machine. With
//! `match` the table's name is one that is chosen, and the interfaces are
//! those for which everything holds that is given: `mac`, `driver` (the kernel
//! module), `name` (a pattern with `*`, `?` and `[…]`). Only Ethernet ports
//! match a pattern or driver; each that matches is set up in the same way.
//!
//! ```toml
//! version = 3
//!
//! [uplink.match]
//! driver = "mlx5_core"
//! name = "enp1s0f*"
//!
//! [uplink.dhcp4]
//! enabled = true
//! ```
//!
//! **`kind = "bond"`** makes a device out of others.
//!
//! | key | value |
//! |---|---|
//! | `mode` | `active-backup` |
//! | `interfaces` | names of its members; the first one is used as long as it works |
//! | `min-links` | how many members have to work (1 without it), at most all |
//! | `monitoring` | a table, either `miimon-frequency-ms`, `miimon-updelay-ms` and `miimon-downdelay-ms` (the delays no shorter than the frequency), or `arpmon-interval-ms`, `arpmon-validate` (`none`, `active`, `backup`, `all`) and `arpmon-targets` (1 to 16 IPv4 addresses) |
//!
//! A member belongs to its bond alone. It needs no table of its own; if it has
//! one, then only to say which interface it is (`match`; ours).
//!
//! **`kind = "vlan"`** makes a device for the packets with a tag: `device` is
//! the name of the device below (an interface, which needs no table of its
//! own, a bond, or another VLAN), `id` is the tag, 1 to 4094.
//!
//! A table's name is what `interfaces` and `device` refer to. Devices that are
//! made here have the name of their table.
//!
//! ```toml
//! version = 3
//!
//! [bond0]
//! kind = "bond"
//! mode = "active-backup"
//! interfaces = ["eno1", "eno2"]
//! dhcp4 = false
//!
//! [bond0.monitoring]
//! miimon-frequency-ms = 100
//! miimon-updelay-ms = 200
//! miimon-downdelay-ms = 200
//!
//! [storage]
//! kind = "vlan"
//! device = "bond0"
//! id = 42
//! dhcp4 = true
//! ```
//!
//! A document with any mistake is refused as a whole. Interfaces that a good
//! one does not mention stay down.
//!
//! # Where it comes from
//!
//! The first of these that is there decides: the file
//! `/var/lib/bottlerocket/net.toml`, the systemd credential
//! `bottlerocket.net-toml`, the argument below. Without any, and where it is
//! refused, every Ethernet port asks for addresses.
//!
//! # Kernel command line
//!
//! `netdog.default-interface=eth0:dhcp4,dhcp6?` is one interface with DHCP;
//! the `?` means optional. See [`default_interface`].

mod error;
mod fields;
mod kernel;
mod net_toml;
mod rules;
mod table;
mod values;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

pub use error::{Error, Reason};
pub use kernel::{BadArgument, default_interface};
pub use net_toml::{MAX_BYTES, validate};
pub use values::{
    BadValue, Cidr, DriverName, InterfaceName, MacAddress, Metric, Milliseconds, Mtu, NamePattern,
    StaticAddress, VlanId,
};

/// What the network is to be; everything in it goes together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetConfig {
    devices: Vec<Device>,
    primary: usize,
}

impl NetConfig {
    /// All devices, in the order they were written down; at least one.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The device that has the node's address.
    pub fn primary(&self) -> &Device {
        &self.devices[self.primary]
    }
}

/// A network device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it is called in the configuration.
    pub label: Label,
    /// What it is.
    pub kind: Kind,
    /// Which addresses and routes it has.
    pub addressing: Addressing,
    /// The largest packet, if it is not to be the driver's choice.
    pub mtu: Option<Mtu>,
}

/// What a device is called in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// By a name: the interface's own, or one chosen for it.
    Name(InterfaceName),
    /// By its address: an interface that exists.
    Mac(MacAddress),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Mac(mac) => mac.fmt(f),
        }
    }
}

/// What a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// One or more interfaces that exist.
    Interface(Match),
    /// A device made of others.
    Bond(Bond),
    /// A device made on top of another, for tagged packets.
    Vlan(Vlan),
}

/// Which interfaces are meant: those for which all that is there holds, which
/// is something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Match {
    /// The name, or one of the alternative names.
    pub name: Option<NamePattern>,
    /// The permanent hardware address.
    pub mac: Option<MacAddress>,
    /// The driver.
    pub driver: Option<DriverName>,
}

/// A bond in mode active-backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bond {
    /// Its members, at least one; the first is preferred.
    pub members: Vec<InterfaceName>,
    /// How many members have to work, if that is not one.
    pub min_links: Option<usize>,
    /// How members that fail are noticed.
    pub monitoring: Monitoring,
}

/// How failing members of a bond are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Monitoring {
    /// By the state of the link.
    Mii {
        /// How often it is looked at.
        frequency: Milliseconds,
        /// How long a link has to be up until it is used.
        up_delay: Milliseconds,
        /// How long a link has to be down until it is given up.
        down_delay: Milliseconds,
    },
    /// By answers to ARP requests.
    Arp {
        /// How often they are sent.
        interval: Milliseconds,
        /// Which answers are examined.
        validate: ArpValidate,
        /// Who is asked, 1 to 16 hosts.
        targets: Vec<Ipv4Addr>,
    },
}

/// On which members of a bond ARP traffic is examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArpValidate {
    /// On none: any traffic counts.
    None,
    /// On the one in use.
    Active,
    /// On those not in use.
    Backup,
    /// On all.
    All,
}

/// A device for the packets with a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vlan {
    /// The device below.
    pub device: InterfaceName,
    /// The tag.
    pub id: VlanId,
}

/// The addresses and routes of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressing {
    /// Asks for an IPv4 address.
    pub dhcp4: Option<Dhcp>,
    /// Asks for an IPv6 address, and listens to routers.
    pub dhcp6: Option<Dhcp>,
    /// IPv4 addresses, the node's first.
    pub static4: Vec<StaticAddress>,
    /// IPv6 addresses, the node's first.
    pub static6: Vec<StaticAddress>,
    /// Routes, of a family that has static addresses.
    pub routes: Vec<Route>,
}

impl Addressing {
    /// Whether there are IPv4 addresses.
    pub fn has_ipv4(&self) -> bool {
        self.dhcp4.is_some() || !self.static4.is_empty()
    }

    /// Whether there are IPv6 addresses.
    pub fn has_ipv6(&self) -> bool {
        self.dhcp6.is_some() || !self.static6.is_empty()
    }

    /// Whether there are addresses at all.
    pub fn has_addresses(&self) -> bool {
        self.has_ipv4() || self.has_ipv6()
    }

    /// All static addresses.
    pub fn static_addresses(&self) -> impl Iterator<Item = &StaticAddress> {
        self.static4.iter().chain(&self.static6)
    }
}

/// DHCP, for one family.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dhcp {
    /// The node counts as online without an answer.
    pub optional: bool,
    /// The metric of the routes that come with it.
    pub metric: Option<Metric>,
}

/// A static route. All its addresses are of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where it leads: a network, with all bits behind the prefix zero.
    pub to: Cidr,
    /// The gateway; without one the destination is on the link.
    pub via: Option<IpAddr>,
    /// The source address of packets that take it.
    pub from: Option<IpAddr>,
    /// The metric, if it is not to be the kernel's choice.
    pub metric: Option<Metric>,
}
