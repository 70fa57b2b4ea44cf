use super::*;
use proptest::prelude::*;

/// Holds a type against what it must take, and how that is written back, and
/// what it must refuse, and why.
fn table<T>(good: &[(&str, &str)], bad: &[(&str, &str)])
where
    T: FromStr<Err = BadValue> + fmt::Debug + fmt::Display,
{
    for (text, written) in good {
        match text.parse::<T>() {
            Ok(value) => assert_eq!(value.to_string(), *written),
            Err(e) => panic!("{text:?}: {e}"),
        }
    }
    for (text, reason) in bad {
        match text.parse::<T>() {
            Ok(_) => panic!("{text:?} was taken"),
            Err(e) => assert_eq!(e.to_string(), *reason, "{text:?}"),
        }
    }
}

#[test]
fn interface_names() {
    let length = "an interface name must have 1 to 15 characters";
    let characters = "an interface name must consist of letters, digits, `_`, `.` and `-`";
    table::<InterfaceName>(
        &[
            ("eth0", "eth0"),
            ("enp0s31f6", "enp0s31f6"),
            ("eth0.100", "eth0.100"),
            ("internal_vlan", "internal_vlan"),
            ("a-23456789012.5", "a-23456789012.5"),
        ],
        &[
            ("", length),
            ("a234567890123456", length),
            ("a/b", characters),
            ("a b", characters),
            ("a\nb", characters),
            ("eth*", characters),
            ("eth0:1", characters),
            ("\u{e9}th0", characters),
            (".", "an interface name must not be `.` or `..`"),
            ("..", "an interface name must not be `.` or `..`"),
            ("all", "an interface name must not be `all` or `default`"),
            (
                "default",
                "an interface name must not be `all` or `default`",
            ),
            ("12", "an interface name must not be a number"),
        ],
    );
}

#[test]
fn patterns_and_drivers() {
    table::<NamePattern>(
        &[
            ("enp*", "enp*"),
            ("eth[0-3]", "eth[0-3]"),
            ("eno?", "eno?"),
            ("eth0", "eth0"),
        ],
        &[
            (
                "",
                "a pattern of interface names must have 1 to 64 characters",
            ),
            (
                "!eth0",
                "a pattern of interface names must consist of letters, digits, `_`, `.`, `-`, \
                 `*`, `?`, `[` and `]`",
            ),
            (
                "eth0 eth1",
                "a pattern of interface names must consist of letters, digits, `_`, `.`, `-`, \
                 `*`, `?`, `[` and `]`",
            ),
        ],
    );
    let characters = "the name of a driver must consist of letters, digits, `_` and `-`";
    table::<DriverName>(
        &[("virtio_net", "virtio_net"), ("mlx5_core", "mlx5_core")],
        &[
            ("", "the name of a driver must have 1 to 55 characters"),
            (
                &"a".repeat(56),
                "the name of a driver must have 1 to 55 characters",
            ),
            ("e1000 ", characters),
            ("*", characters),
        ],
    );
}

#[test]
fn mac_addresses() {
    let form = "a MAC address must be six pairs of hexadecimal digits, such as 0e:b3:69:44:b6:33";
    let one = "a MAC address must be that of one port";
    table::<MacAddress>(
        &[
            ("0e:b3:69:44:b6:33", "0e:b3:69:44:b6:33"),
            ("0E-B3-69-44-B6-33", "0e:b3:69:44:b6:33"),
        ],
        &[
            ("", form),
            ("0e:b3:69:44:b6", form),
            ("0e:b3:69:44:b6:33:11", form),
            ("0e:b3:69:44:b6-33", form),
            ("0e:b3:69:44:b6:3", form),
            ("0e:b3:69:44:b6:+3", form),
            ("0g:b3:69:44:b6:33", form),
            ("01:00:5e:00:00:01", one),
            ("ff:ff:ff:ff:ff:ff", one),
            ("00:00:00:00:00:00", one),
        ],
    );
    for (text, expected) in [
        ("0e:b3:69:44:b6:33", true),
        ("0e:b3", true),
        ("0e-b3-69-44-b6-3x", true),
        ("a-b-c-d-e-f", false),
        ("eth0", false),
    ] {
        assert_eq!(MacAddress::looks_like(text), expected, "{text}");
    }
}

#[test]
fn addresses_with_prefix() {
    let length4 = "an address with prefix must have a prefix length of 0 to 32";
    let length6 = "an address with prefix must have a prefix length of 0 to 128";
    let address = "an address with prefix must start with an IP address, such as 192.0.2.1/24";
    table::<Cidr>(
        &[
            ("192.0.2.1/24", "192.0.2.1/24"),
            ("192.0.2.1/32", "192.0.2.1/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0:0::1/64", "2001:db8::1/64"),
            ("::/128", "::/128"),
        ],
        &[
            (
                "192.0.2.1",
                "an address with prefix must have a prefix length, such as 192.0.2.1/24",
            ),
            ("192.0.2.1/33", length4),
            ("192.0.2.1/-1", length4),
            ("192.0.2.1/+8", length4),
            ("192.0.2.1/0008", length4),
            ("192.0.2.1/", length4),
            ("192.0.2.1/8/8", length4),
            ("2001:db8::1/129", length6),
            ("192.0.2/24", address),
            ("fe80::1%eth0/64", address),
            ("/24", address),
        ],
    );
}

#[test]
fn static_addresses() {
    for (text, good) in [
        ("192.0.2.1/24", true),
        ("192.0.2.1/32", true),
        ("fe80::1/64", true),
        ("192.0.2.1/0", false),
        ("0.0.0.0/8", false),
        ("224.0.0.1/4", false),
        ("255.255.255.255/32", false),
        ("::/64", false),
        ("ff02::1/16", false),
    ] {
        let cidr: Cidr = text.parse().unwrap();
        assert_eq!(StaticAddress::try_from(cidr).is_ok(), good, "{text}");
    }
}

#[test]
fn networks_are_what_the_prefix_leaves() {
    for (text, network, inside, outside) in [
        (
            "192.0.2.77/26",
            "192.0.2.64/26",
            "192.0.2.127",
            "192.0.2.128",
        ),
        ("192.0.2.77/0", "0.0.0.0/0", "255.1.2.3", "::1"),
        ("192.0.2.77/32", "192.0.2.77/32", "192.0.2.77", "192.0.2.78"),
        (
            "2001:db8::7/64",
            "2001:db8::/64",
            "2001:db8::ffff",
            "2001:db8:0:1::",
        ),
        ("2001:db8::7/0", "::/0", "ff::", "0.0.0.0"),
    ] {
        let cidr: Cidr = text.parse().unwrap();
        assert_eq!(cidr.network().to_string(), network);
        assert!(cidr.contains(inside.parse().unwrap()), "{inside} in {text}");
        assert!(
            !cidr.contains(outside.parse().unwrap()),
            "{outside} in {text}"
        );
    }
}

#[test]
fn numbers_have_bounds() {
    fn bounds<T: TryFrom<i64>>(least: i64, most: i64) {
        for (number, good) in [
            (least, true),
            (most, true),
            (least - 1, false),
            (most + 1, false),
        ] {
            assert_eq!(T::try_from(number).is_ok(), good, "{number}");
        }
    }
    bounds::<Mtu>(68, 65535);
    bounds::<VlanId>(1, 4094);
    bounds::<Metric>(0, 4_294_967_295);
    bounds::<Milliseconds>(1, 2_147_483_647);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(bytes: [u8; 16], length in 0u8..=128, four: bool) {
        let address = match four {
            true => IpAddr::from([bytes[0], bytes[1], bytes[2], bytes[3]]),
            false => IpAddr::from(bytes),
        };
        let cidr = Cidr { address, length: if four { length % 33 } else { length } };
        prop_assert_eq!(cidr.to_string().parse::<Cidr>().unwrap(), cidr);
        prop_assert!(cidr.contains(cidr.network().address()));
    }

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        let _ = (text.parse::<InterfaceName>(), text.parse::<NamePattern>());
        let _ = (text.parse::<MacAddress>(), text.parse::<Cidr>());
        let _ = MacAddress::looks_like(&text);
    }
}
