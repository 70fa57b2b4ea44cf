//! A name for a node that nobody has named.

use std::net::{IpAddr, SocketAddr};

use settings_model::Hostname;

use crate::reverse_dns;

/// HOST_NAME_MAX of Linux, in bytes: a longer name cannot be set.
const MAX_BYTES: usize = 64;

/// The port of DNS servers.
const DNS_PORT: u16 = 53;

/// The name that DNS has for the node's address, or else one that is made from
/// the address. Takes no longer than the servers' answers are waited for.
pub fn generate(address: IpAddr, servers: &[IpAddr]) -> Hostname {
    for server in servers {
        let found = reverse_dns::ask(SocketAddr::new(*server, DNS_PORT), address);
        let found = found.map_err(|e| e.to_string());
        match found.and_then(|name| usable(&name)) {
            Ok(name) => return name,
            Err(reason) => tracing::info!("DNS server {server}: {reason}"),
        }
    }
    from_address(address)
}

/// The name if a host can have it; what a server says may be anything.
fn usable(name: &str) -> Result<Hostname, String> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    if name.len() > MAX_BYTES || name == "localhost" {
        return Err(format!("a host cannot be called `{}`", name.escape_debug()));
    }
    name.parse().map_err(|e| format!("{e}"))
}

/// `ip-192-0-2-10`; of IPv6 all digits, so that no name ends in `-`.
fn from_address(address: IpAddr) -> Hostname {
    let name = match address {
        IpAddr::V4(address) => format!("ip-{}", address.to_string().replace('.', "-")),
        IpAddr::V6(address) => {
            let groups = address.segments().map(|group| format!("{group:04x}"));
            format!("ip-{}", groups.join("-"))
        }
    };
    name.parse()
        .expect("digits and single dashes make a host name of less than 64 characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_from_addresses() {
        for (address, name) in [
            ("192.0.2.10", "ip-192-0-2-10"),
            ("2001:db8::", "ip-2001-0db8-0000-0000-0000-0000-0000-0000"),
        ] {
            assert_eq!(generate(address.parse().unwrap(), &[]).as_ref(), name);
        }
    }

    #[test]
    fn not_every_name_is_of_use() {
        for (name, expected) in [
            ("Node-1.Example.COM.", Some("node-1.example.com")),
            (
                &format!("{}.b", "a".repeat(62)),
                Some(&*format!("{}.b", "a".repeat(62))),
            ),
            (&format!("{}.bc", "a".repeat(62)), None),
            ("", None),
            ("localhost", None),
            ("a_b", None),
            ("a b", None),
            ("-a", None),
            ("a\u{1b}[2J", None),
        ] {
            let found = usable(name).ok();
            assert_eq!(found.as_ref().map(AsRef::as_ref), expected, "{name:?}");
        }
    }
}
