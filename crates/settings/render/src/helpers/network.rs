//! Addresses and names.

use std::net::{IpAddr, Ipv4Addr};

use minijinja::value::Value;
use minijinja::{Environment, Error};

use super::refuse;

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_test("ipv4", |text: &str| text.parse::<Ipv4Addr>().is_ok());
    environment.add_test("ipv6", |text: &str| {
        text.parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv6())
    });
    environment.add_filter("cidr_to_ipaddr", cidr_to_ipaddr);
    environment.add_filter("replace_ipv4_octet", replace_ipv4_octet);
    environment.add_filter("host", host);
    environment.add_filter("etc_hosts_entries", etc_hosts_entries);
}

/// The address of a network such as `10.0.0.0/8`.
fn cidr_to_ipaddr(network: &str) -> Result<String, Error> {
    let (address, prefix) = network.split_once('/').unwrap_or((network, ""));
    let address = address.parse::<IpAddr>();
    match (address, prefix.parse::<u8>()) {
        (Ok(address), Ok(bits)) if bits <= if address.is_ipv4() { 32 } else { 128 } => {
            Ok(address.to_string())
        }
        _ => refuse("the value is not a network in CIDR notation"),
    }
}

/// An IPv4 address with another number at a place, from 0.
fn replace_ipv4_octet(address: &str, place: usize, number: u8) -> Result<String, Error> {
    let mut octets = match address.parse::<Ipv4Addr>() {
        Ok(address) => address.octets(),
        Err(_) => return refuse("the value is not an IPv4 address"),
    };
    match octets.get_mut(place) {
        Some(octet) => *octet = number,
        None => return refuse("an IPv4 address has no such place"),
    }
    Ok(Ipv4Addr::from(octets).to_string())
}

/// The host that a URL names, without its port.
fn host(url: &str) -> Result<String, Error> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    match host.is_empty() {
        true => refuse("the value names no host"),
        false => Ok(host.to_owned()),
    }
}

/// The lines of hosts(5) for `settings.network.hosts`: a list of addresses,
/// each with its names.
fn etc_hosts_entries(entries: Value) -> Result<String, Error> {
    let mut lines = String::new();
    for entry in entries.try_iter()? {
        let address = entry.get_item_by_index(0)?.to_string();
        if address.parse::<IpAddr>().is_err() {
            return refuse("an entry does not start with an address");
        }
        lines += &address;
        for name in entry.get_item_by_index(1)?.try_iter()? {
            let name = name.to_string();
            let special = |c: char| c.is_control() || c.is_whitespace() || c == '#';
            if name.is_empty() || name.chars().any(special) {
                return refuse("a name of a host is not one plain word");
            }
            lines += " ";
            lines += &name;
        }
        lines += "\n";
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn addresses_and_names_are_taken_apart() {
        let settings = json!({
            "hosts": [["10.0.0.1", ["a", "b.example"]], ["2001:db8::1", ["c"]]],
            "evil": [["10.0.0.1", ["a\n::1 b"]]],
            "word": [["a", ["b"]]],
        });
        let cidr = Err("invalid operation: the value is not a network in CIDR notation");
        table(
            &settings,
            &[
                ("'10.0.0.1' is ipv4", Ok("True")),
                ("'::1' is ipv4", Ok("False")),
                ("'::1' is ipv6", Ok("True")),
                ("'x' is ipv6", Ok("False")),
                ("'10.100.0.0/16' | cidr_to_ipaddr", Ok("10.100.0.0")),
                ("'fd00::/8' | cidr_to_ipaddr", Ok("fd00::")),
                ("'10.100.0.0' | cidr_to_ipaddr", cidr),
                ("'10.100.0.0/33' | cidr_to_ipaddr", cidr),
                (
                    "'10.100.0.0' | replace_ipv4_octet(3, 10)",
                    Ok("10.100.0.10"),
                ),
                (
                    "'10.100.0.0' | replace_ipv4_octet(4, 10)",
                    Err("invalid operation: an IPv4 address has no such place"),
                ),
                ("'https://u@a.example:8443/x' | host", Ok("a.example")),
                ("'http://[::1]:80' | host", Ok("::1")),
                ("'a.example:80' | host", Ok("a.example")),
                (
                    "'https:///x' | host",
                    Err("invalid operation: the value names no host"),
                ),
                (
                    "settings.hosts | etc_hosts_entries",
                    Ok("10.0.0.1 a b.example\n2001:db8::1 c\n"),
                ),
                (
                    "settings.evil | etc_hosts_entries",
                    Err("invalid operation: a name of a host is not one plain word"),
                ),
                (
                    "settings.word | etc_hosts_entries",
                    Err("invalid operation: an entry does not start with an address"),
                ),
            ],
        );
    }
}
