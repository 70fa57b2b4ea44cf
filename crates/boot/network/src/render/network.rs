//! `.network` units.

use super::unit::Text;
use super::{Unit, network_unit_name};
use crate::config::{Addressing, Device, Dhcp, InterfaceName, Kind, Label, NetConfig, Route};

/// What a device is to others.
#[derive(Debug, Default)]
pub(super) struct Role<'a> {
    /// The bond it is a member of, and whether it is the preferred one.
    bond: Option<(&'a Label, bool)>,
    /// The VLANs on top of it.
    vlans: Vec<&'a Label>,
}

impl<'a> Role<'a> {
    pub fn of(device: &Device, config: &'a NetConfig) -> Self {
        let mut role = Self::default();
        let Label::Name(name) = &device.label else {
            return role;
        };
        for other in config.devices() {
            match &other.kind {
                Kind::Bond(bond) if bond.members.contains(name) => {
                    let preferred = bond.members.first() == Some(name);
                    role.bond = Some((&other.label, preferred));
                }
                Kind::Vlan(vlan) if vlan.device == *name => role.vlans.push(&other.label),
                _ => {}
            }
        }
        role
    }
}

impl Device {
    /// An interface that has nothing of its own.
    pub(super) fn bare(name: &InterfaceName) -> Self {
        Self {
            label: Label::Name(name.clone()),
            kind: Kind::Interface(crate::config::Match::default()),
            addressing: Addressing::default(),
            mtu: None,
        }
    }
}

/// The unit of a device that `matching` matches.
pub(super) fn unit(device: &Device, matching: &Text, role: &Role<'_>) -> Unit {
    let addressing = &device.addressing;
    let mut text = matching.clone();
    text.section("Link");
    text.set_if("MTUBytes", device.mtu);
    online(&mut text, addressing);
    text.section("Network");
    if let Some((bond, preferred)) = role.bond {
        text.set("Bond", bond);
        if preferred {
            text.set("PrimarySlave", "yes");
        }
    }
    for vlan in &role.vlans {
        text.set("VLAN", vlan);
    }
    addresses(&mut text, addressing);
    dhcp4(&mut text, addressing.dhcp4);
    dhcp6(&mut text, addressing.dhcp6);
    for route in &addressing.routes {
        self::route(&mut text, route);
    }
    text.into_unit(network_unit_name(&device.label))
}

/// What has to be there for the node to count as online.
fn online(text: &mut Text, addressing: &Addressing) {
    let needed = |dhcp: Option<Dhcp>| dhcp.is_some_and(|dhcp| !dhcp.optional);
    let four = needed(addressing.dhcp4) || !addressing.static4.is_empty();
    let six = needed(addressing.dhcp6) || !addressing.static6.is_empty();
    let family = match (four, six) {
        (true, true) => Some("both"),
        (true, false) => Some("ipv4"),
        (false, true) => Some("ipv6"),
        (false, false) => None,
    };
    text.set_yes_no("RequiredForOnline", family.is_some());
    text.set_if("RequiredFamilyForOnline", family);
}

fn addresses(text: &mut Text, addressing: &Addressing) {
    let dhcp = match (addressing.dhcp4, addressing.dhcp6) {
        (Some(_), Some(_)) => "yes",
        (Some(_), None) => "ipv4",
        (None, Some(_)) => "ipv6",
        (None, None) => "no",
    };
    text.set("DHCP", dhcp);
    text.set_yes_no("IPv6AcceptRA", addressing.dhcp6.is_some());
    let link_local = if addressing.has_ipv6() { "ipv6" } else { "no" };
    text.set("LinkLocalAddressing", link_local);
    text.set("LLDP", "no");
    for address in addressing.static_addresses() {
        text.set("Address", address.cidr());
    }
}

fn dhcp4(text: &mut Text, dhcp: Option<Dhcp>) {
    let Some(dhcp) = dhcp else { return };
    text.section("DHCPv4");
    // As without net.toml: whoever hands out addresses by MAC knows the node.
    text.set("ClientIdentifier", "mac");
    text.set_if("RouteMetric", dhcp.metric);
}

fn dhcp6(text: &mut Text, dhcp: Option<Dhcp>) {
    let Some(dhcp) = dhcp else { return };
    text.section("DHCPv6");
    // Asks even where no router says that it may.
    text.set("WithoutRA", "solicit");
    if dhcp.metric.is_some() {
        // Routes of IPv6 come from routers, not with the lease.
        text.section("IPv6AcceptRA");
        text.set_if("RouteMetric", dhcp.metric);
    }
}

fn route(text: &mut Text, route: &Route) {
    text.section("Route");
    text.set("Destination", route.to);
    text.set_if("Gateway", route.via);
    text.set_if("PreferredSource", route.from);
    text.set_if("Metric", route.metric);
    if route.via.is_none() && route.to.address().is_ipv4() {
        text.set("Scope", "link");
    }
}
