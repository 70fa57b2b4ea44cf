//! Values that cannot be wrong: each type checks its text or number when it is
//! made.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// A text or number that a type refuses, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {reason}")]
pub struct BadValue {
    /// What it was to be, such as `an interface name`.
    pub what: &'static str,
    /// What is required, as the end of a sentence.
    pub reason: &'static str,
}

/// Declares a type of text for which `check` knows no reason against it.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = BadValue;

            fn from_str(text: &str) -> Result<Self, BadValue> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(text).map_err(|reason| BadValue { what: $what, reason })?;
                Ok(Self(text.to_owned()))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type! {
    /// The name of a network interface: 1 to 15 characters (`IFNAMSIZ` less
    /// its zero byte) of `A-Za-z0-9_.-`. The kernel takes more characters, but
    /// some of them mean something else in a unit.
    InterfaceName, "an interface name", check_interface_name
}

text_type! {
    /// A pattern of interface names: 1 to 64 characters of a name, `*` (any
    /// characters), `?` (any one) and `[…]` (one of these), as in glob(7).
    NamePattern, "a pattern of interface names", |text| {
        if text.is_empty() || text.len() > 64 {
            return Err("must have 1 to 64 characters");
        }
        if !consists_of(text, "_.-*?[]") {
            return Err("must consist of letters, digits, `_`, `.`, `-`, `*`, `?`, `[` and `]`");
        }
        Ok(())
    }
}

impl NamePattern {
    /// Whether no character of it stands for others.
    pub fn is_one_name(&self) -> bool {
        !self.0.contains(['*', '?', '['])
    }
}

impl From<&InterfaceName> for NamePattern {
    /// The pattern that only this name matches: no name has a special character.
    fn from(name: &InterfaceName) -> Self {
        Self(name.0.clone())
    }
}

text_type! {
    /// The name of a kernel driver: 1 to 55 characters (`MODULE_NAME_LEN`) of
    /// `A-Za-z0-9_-`.
    DriverName, "the name of a driver", |text| {
        if text.is_empty() || text.len() > 55 {
            return Err("must have 1 to 55 characters");
        }
        if !consists_of(text, "_-") {
            return Err("must consist of letters, digits, `_` and `-`");
        }
        Ok(())
    }
}

fn check_interface_name(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 15 {
        return Err("must have 1 to 15 characters");
    }
    if !consists_of(name, "_.-") {
        return Err("must consist of letters, digits, `_`, `.` and `-`");
    }
    if name == "." || name == ".." {
        return Err("must not be `.` or `..`");
    }
    // The kernel has settings for all interfaces and for new ones by these names.
    if name == "all" || name == "default" {
        return Err("must not be `all` or `default`");
    }
    // systemd reads a number as the index of an interface.
    if name.bytes().all(|b| b.is_ascii_digit()) {
        return Err("must not be a number");
    }
    Ok(())
}

fn consists_of(text: &str, others: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// The hardware address of an Ethernet port, written as six pairs of
/// hexadecimal digits with `:` or with `-` between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// Its digits in lower case with `separator` between the pairs.
    pub(crate) fn joined(&self, separator: &str) -> String {
        let pairs: Vec<_> = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        pairs.join(separator)
    }

    /// Whether a text is meant as an address: no interface has such a name.
    pub(crate) fn looks_like(text: &str) -> bool {
        text.contains(':') || (text.len() == 17 && text.split('-').count() == 6)
    }
}

impl FromStr for MacAddress {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |reason| BadValue {
            what: "a MAC address",
            reason,
        };
        let separator = if text.contains(':') { ':' } else { '-' };
        let mut bytes = [0; 6];
        let mut pairs = text.split(separator);
        for byte in &mut bytes {
            *byte = pairs
                .next()
                .filter(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or_else(|| {
                    bad("must be six pairs of hexadecimal digits, such as 0e:b3:69:44:b6:33")
                })?;
        }
        if pairs.next().is_some() {
            return Err(bad(
                "must be six pairs of hexadecimal digits, such as 0e:b3:69:44:b6:33",
            ));
        }
        // The lowest bit of the first byte marks groups; all zero is nobody's.
        if bytes[0] & 1 == 1 || bytes == [0; 6] {
            return Err(bad("must be that of one port"));
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.joined(":"))
    }
}

/// An IP address with the length of its network's prefix (CIDR notation,
/// RFC 4632 and RFC 4291 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    address: IpAddr,
    length: u8,
}

impl Cidr {
    /// The address without the prefix length.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The network the address is in: all bits behind the prefix are zero.
    pub fn network(&self) -> Self {
        let address = match self.address {
            IpAddr::V4(a) => IpAddr::V4((a.to_bits() & mask4(self.length)).into()),
            IpAddr::V6(a) => IpAddr::V6((a.to_bits() & mask6(self.length)).into()),
        };
        Self { address, ..*self }
    }

    /// Whether an address is in the same network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let other = Self { address, ..*self };
        self.address.is_ipv4() == address.is_ipv4() && self.network() == other.network()
    }
}

fn mask4(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

fn mask6(length: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = |reason| BadValue {
            what: "an address with prefix",
            reason,
        };
        let (address, length) = text
            .split_once('/')
            .ok_or_else(|| bad("must have a prefix length, such as 192.0.2.1/24"))?;
        let address: IpAddr = address
            .parse()
            .map_err(|_| bad("must start with an IP address, such as 192.0.2.1/24"))?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        // `parse` alone would take `+8` and `008`.
        let is_number = length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
        match length.parse() {
            Ok(length) if is_number && length <= max => Ok(Self { address, length }),
            _ if max == 32 => Err(bad("must have a prefix length of 0 to 32")),
            _ => Err(bad("must have a prefix length of 0 to 128")),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// An address that an interface can have, with its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StaticAddress(Cidr);

impl StaticAddress {
    /// As address and prefix.
    pub fn cidr(&self) -> Cidr {
        self.0
    }
}

impl TryFrom<Cidr> for StaticAddress {
    type Error = BadValue;

    fn try_from(cidr: Cidr) -> Result<Self, BadValue> {
        let address = cidr.address;
        let of_no_host = address.is_unspecified()
            || address.is_multicast()
            || address == IpAddr::V4(Ipv4Addr::BROADCAST);
        if of_no_host || cidr.length == 0 {
            return Err(BadValue {
                what: "a static address",
                reason: "must be that of one interface in a network",
            });
        }
        Ok(Self(cidr))
    }
}

/// Declares a type of whole numbers within bounds.
macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident, $of:ty, $range:expr, $what:literal, $reason:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($of);

        impl TryFrom<i64> for $name {
            type Error = BadValue;

            fn try_from(number: i64) -> Result<Self, BadValue> {
                <$of>::try_from(number)
                    .ok()
                    .filter(|number| ($range).contains(number))
                    .map(Self)
                    .ok_or(BadValue { what: $what, reason: $reason })
            }
        }

        impl From<$name> for $of {
            fn from(value: $name) -> $of {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_type! {
    /// The largest packet an interface sends, in bytes: 68 (RFC 791) to 65535.
    Mtu, u16, 68..=u16::MAX, "an MTU", "must be a number of bytes from 68 to 65535"
}

number_type! {
    /// The number of a VLAN (IEEE 802.1Q); 0 and 4095 are reserved.
    VlanId, u16, 1..=4094, "a VLAN's id", "must be a number from 1 to 4094"
}

number_type! {
    /// The metric of a route: of two to one place, the lower is taken.
    Metric, u32, 0..=u32::MAX, "a route's metric", "must be a number from 0 to 4294967295"
}

number_type! {
    /// A time in milliseconds, as the bonding driver takes it (a C `int`).
    Milliseconds, u32, 1..=i32::MAX as u32,
    "a time in milliseconds", "must be a number from 1 to 2147483647"
}

#[cfg(test)]
mod tests;
