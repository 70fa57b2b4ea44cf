//! The node's address, from what systemd-networkd says about its links.

use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::state::{self, Primary, State};

/// The main routing table and a unicast route, as rtnetlink(7) numbers them.
const RT_TABLE_MAIN: u32 = 254;
const RTN_UNICAST: u32 = 1;

/// The scope of an address that is good beyond the link.
const RT_SCOPE_UNIVERSE: u32 = 0;

/// Flags of an address not to be used for new connections: one that is found
/// to be a duplicate, is about to go, or is not checked yet.
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_DEPRECATED: u32 = 0x20;
const IFA_F_TENTATIVE: u32 = 0x40;

/// Why the address is not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `networkctl` does not answer.
    #[error(transparent)]
    Networkctl(#[from] process::Error),
    /// `networkctl` answers in another form.
    #[error("`networkctl` does not describe the network: {0}")]
    Answer(#[from] serde_json::Error),
    /// It is not known which device is the primary one.
    #[error(transparent)]
    State(#[from] state::Error),
}

/// The network as `networkctl --json` describes it, as far as it matters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Network {
    interfaces: Vec<Interface>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Interface {
    network_file: Option<String>,
    #[serde(default)]
    addresses: Vec<Address>,
    #[serde(default)]
    routes: Vec<Route>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    address: Vec<u8>,
    scope: u32,
    flags: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Route {
    destination_prefix_length: u8,
    gateway: Option<Vec<u8>>,
    priority: u32,
    table: u32,
    r#type: u32,
}

/// The address of the primary device: that of the configuration, or without
/// one the device that the best default route leads through, or else the first
/// one that has an address. IPv4 goes before IPv6, static addresses go in the
/// order they were written down. `None` if there is no address yet.
pub fn node_ip(state: &State) -> Result<Option<IpAddr>, Error> {
    let mut networkctl = Command::new("networkctl");
    let description = process::stdout(networkctl.args(["--json=short", "list"]))?;
    Ok(choose(&description, state.primary()?.as_ref())?)
}

fn choose(description: &str, primary: Option<&Primary>) -> serde_json::Result<Option<IpAddr>> {
    let network: Network = serde_json::from_str(description)?;
    let preferred = primary.map_or([].as_slice(), |primary| &primary.addresses);
    let links = network.interfaces.iter().filter(|link| match primary {
        Some(primary) => link.has_unit(&primary.unit),
        // Not those that containers are attached to.
        None => link.network_file.is_some(),
    });
    let addresses = links.filter_map(|link| {
        let metric = link.best_default_route().unwrap_or(u32::MAX);
        Some((metric, link.best_address(preferred)?))
    });
    let best = addresses.min_by_key(|(metric, _)| *metric);
    Ok(best.map(|(_, address)| address))
}

impl Interface {
    fn has_unit(&self, name: &str) -> bool {
        let path = self.network_file.as_deref().map(Path::new);
        path.and_then(Path::file_name) == Some(name.as_ref())
    }

    fn best_default_route(&self) -> Option<u32> {
        self.routes
            .iter()
            .filter(|route| {
                route.destination_prefix_length == 0
                    && route.gateway.is_some()
                    && route.table == RT_TABLE_MAIN
                    && route.r#type == RTN_UNICAST
            })
            .map(|route| route.priority)
            .min()
    }

    fn best_address(&self, preferred: &[IpAddr]) -> Option<IpAddr> {
        let usable = self.addresses.iter().filter_map(Address::usable);
        usable.min_by_key(|address| {
            let place = preferred.iter().position(|p| p == address);
            (address.is_ipv6(), place.unwrap_or(usize::MAX))
        })
    }
}

impl Address {
    fn usable(&self) -> Option<IpAddr> {
        let unusable = IFA_F_DADFAILED | IFA_F_DEPRECATED | IFA_F_TENTATIVE;
        if self.scope != RT_SCOPE_UNIVERSE || self.flags & unusable != 0 {
            return None;
        }
        match self.address.as_slice() {
            four if four.len() == 4 => <[u8; 4]>::try_from(four).ok().map(IpAddr::from),
            other => <[u8; 16]>::try_from(other).ok().map(IpAddr::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As systemd 257 described the network of the fixture `v2.toml`.
    const DESCRIPTION: &str = include_str!("../tests/networkctl.json");

    #[test]
    fn the_address_is_that_of_the_primary_device() {
        let primary = |unit: &str, addresses: &[&str]| {
            Some(Primary {
                unit: unit.to_owned(),
                addresses: addresses.iter().map(|a| a.parse().unwrap()).collect(),
            })
        };
        let cases = [
            // The default route with the lowest metric.
            (None, Some("192.0.2.10")),
            (primary("10-netdog-eno2.network", &[]), Some("192.0.2.10")),
            (
                primary("10-netdog-eno2.network", &["198.51.100.11", "192.0.2.10"]),
                Some("198.51.100.11"),
            ),
            (
                primary("10-netdog-eno2.network", &["2001:db8::9", "192.0.2.99"]),
                Some("192.0.2.10"),
            ),
            (primary("10-netdog-eno3.network", &[]), Some("203.0.113.5")),
            // Neither the link-local address nor one that DHCP has yet to give.
            (primary("10-netdog-eno4.network", &[]), Some("2001:db8::2")),
            (primary("10-netdog-eno1.network", &[]), None),
            (primary("10-netdog-eno9.network", &[]), None),
        ];
        for (primary, expected) in cases {
            let found = choose(DESCRIPTION, primary.as_ref()).unwrap();
            assert_eq!(found, expected.map(|e| e.parse().unwrap()), "{primary:?}");
        }
    }

    #[test]
    fn addresses_out_of_use_do_not_count() {
        // Without a default route, and beside a link of containers.
        let with_flags = |flags: u32| {
            let description = format!(
                r#"{{"Interfaces": [
                    {{
                        "Name": "cni0",
                        "Addresses": [{{"Address": [10, 1, 0, 1], "Scope": 0, "Flags": 128}}]
                    }},
                    {{
                        "NetworkFile": "/usr/lib/systemd/network/90-default.network",
                        "Addresses": [
                            {{"Address": [10, 0, 0], "Scope": 0, "Flags": 128}},
                            {{"Address": [10, 0, 2, 15], "Scope": 0, "Flags": {flags}}}
                        ]
                    }}
                ]}}"#
            );
            choose(&description, None).unwrap()
        };
        assert_eq!(with_flags(128), Some("10.0.2.15".parse().unwrap()));
        for flags in [IFA_F_DADFAILED, IFA_F_DEPRECATED, IFA_F_TENTATIVE | 128] {
            assert_eq!(with_flags(flags), None, "{flags}");
        }
        assert!(choose("{}", None).is_err());
        assert_eq!(choose(r#"{"Interfaces": []}"#, None).unwrap(), None);
    }
}
