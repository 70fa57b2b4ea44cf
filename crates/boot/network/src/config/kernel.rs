//! One interface on the kernel command line.

use super::{Addressing, Device, Dhcp, InterfaceName, Kind, Label, Match, NamePattern, NetConfig};

/// The argument's name.
const NAME: &str = "netdog.default-interface";

/// Why the argument is no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{NAME}={value}: {reason}; hint: write it as `eth0:dhcp4,dhcp6?`")]
pub struct BadArgument {
    value: String,
    reason: String,
}

/// The network that a kernel command line asks for: one interface with DHCP,
/// `netdog.default-interface=NAME:PROTOCOL[,PROTOCOL]`, where a protocol is
/// `dhcp4` or `dhcp6`, and optional if a `?` follows it. `None` if there is no
/// such argument; of several that do not say the same, none counts.
pub fn default_interface(command_line: &str) -> Result<Option<NetConfig>, BadArgument> {
    let mut found: Option<&str> = None;
    let values = kernel_cmdline::arguments(command_line)
        .filter(|argument| argument.name == NAME)
        .filter_map(|argument| argument.value);
    for value in values {
        if found.is_some_and(|other| other != value) {
            return Err(bad(value, "it is there twice, with different values"));
        }
        found = Some(value);
    }
    found.map(read).transpose()
}

fn bad(value: &str, reason: impl Into<String>) -> BadArgument {
    BadArgument {
        value: value.escape_debug().to_string(),
        reason: reason.into(),
    }
}

fn read(value: &str) -> Result<NetConfig, BadArgument> {
    let Some((name, protocols)) = value.split_once(':') else {
        return Err(bad(value, "there is no `:` behind the interface"));
    };
    let name: InterfaceName = name.parse().map_err(|e| bad(value, format!("{e}")))?;
    let mut addressing = Addressing::default();
    for protocol in protocols.split(',') {
        let (protocol, optional) = match protocol.strip_suffix('?') {
            Some(protocol) => (protocol, true),
            None => (protocol, false),
        };
        let place = match protocol {
            "dhcp4" => &mut addressing.dhcp4,
            "dhcp6" => &mut addressing.dhcp6,
            _ => return Err(bad(value, "protocols are `dhcp4` and `dhcp6`")),
        };
        let dhcp = Dhcp {
            optional,
            metric: None,
        };
        if place.replace(dhcp).is_some() {
            return Err(bad(value, "a protocol is there twice"));
        }
    }
    Ok(NetConfig {
        devices: vec![Device {
            kind: Kind::Interface(Match {
                name: Some(NamePattern::from(&name)),
                ..Match::default()
            }),
            label: Label::Name(name),
            addressing,
            mtu: None,
        }],
        primary: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_is_one_interface_with_dhcp() {
        let cases = [
            ("eth0:dhcp4", Some(false), None),
            ("eth0:dhcp4,dhcp6?", Some(false), Some(true)),
            ("eth0:dhcp6,dhcp4?", Some(true), Some(false)),
            ("eth0:dhcp6?", None, Some(true)),
        ];
        for (value, dhcp4, dhcp6) in cases {
            let line = format!("root=x netdog.default-interface={value} quiet");
            let config = default_interface(&line).unwrap().unwrap();
            let [device] = config.devices() else {
                panic!("{value}");
            };
            assert_eq!(device.label.to_string(), "eth0");
            assert_eq!(device.addressing.dhcp4.map(|d| d.optional), dhcp4);
            assert_eq!(device.addressing.dhcp6.map(|d| d.optional), dhcp6);
        }
        for line in [
            "",
            "quiet",
            "netdog.default-interface",
            "xnetdog.default-interface=a:dhcp4",
        ] {
            assert_eq!(default_interface(line).unwrap(), None, "{line}");
        }
    }

    #[test]
    fn bad_arguments_are_refused() {
        let cases = [
            ("", "there is no `:` behind the interface"),
            ("eth0", "there is no `:` behind the interface"),
            (":dhcp4", "an interface name must have 1 to 15 characters"),
            ("eth0:", "protocols are `dhcp4` and `dhcp6`"),
            ("eth0:dhcp4,", "protocols are `dhcp4` and `dhcp6`"),
            ("eth0:dhcp4??", "protocols are `dhcp4` and `dhcp6`"),
            ("eth0:dhcp4,dhcp4?", "a protocol is there twice"),
        ];
        for (value, reason) in cases {
            let error = default_interface(&format!("netdog.default-interface={value}"));
            assert_eq!(
                error.unwrap_err().to_string(),
                format!(
                    "netdog.default-interface={value}: {reason}; hint: write it as \
                     `eth0:dhcp4,dhcp6?`"
                )
            );
        }
        let twice = "netdog.default-interface=a:dhcp4 netdog.default-interface=b:dhcp4";
        assert!(default_interface(twice).is_err());
        let same = "netdog.default-interface=a:dhcp4 netdog.default-interface=a:dhcp4";
        assert!(default_interface(same).unwrap().is_some());
    }
}
