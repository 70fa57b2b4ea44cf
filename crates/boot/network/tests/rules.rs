//! Every rule a `net.toml` is held against: what is refused, where, and with
//! which hint; and what is close to it, but good.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use network::config::{MAX_BYTES, validate};
use proptest::prelude::*;

/// A bond's monitoring, for cases that are about something else.
const MII: &str = "monitoring = { miimon-frequency-ms = 100, miimon-updelay-ms = 100, \
                   miimon-downdelay-ms = 100 }\n";

fn bond(name: &str, interfaces: &str) -> String {
    format!(
        "[{name}]\nkind = 'bond'\nmode = 'active-backup'\ninterfaces = {interfaces}\n{MII}\
         dhcp4 = true\n"
    )
}

/// A bond of one interface with this monitoring, on line 6.
fn monitoring(fields: &str) -> String {
    format!(
        "version = 3\n[b]\nkind = 'bond'\nmode = 'active-backup'\ninterfaces = ['e']\n\
         monitoring = {{ {fields} }}\ndhcp4 = true"
    )
}

fn check(cases: &[(&str, String, &str)]) {
    for (name, text, expected) in cases {
        let error = match validate(text) {
            Ok(_) => panic!("{name}: it was taken"),
            Err(error) => error,
        };
        let found = match error.hint() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        };
        assert_eq!(found, *expected, "{name}");
        assert!(error.excerpt().is_some(), "{name}");
    }
}

fn refused(cases: &[(&str, &str, &str)]) {
    let cases: Vec<_> = cases
        .iter()
        .map(|(name, text, expected)| (*name, (*text).to_owned(), *expected))
        .collect();
    check(&cases);
}

fn taken(cases: &[(&str, String)]) {
    for (name, text) in cases {
        if let Err(error) = validate(text) {
            panic!("{name}: {}", error.explain("net.toml"));
        }
    }
}

#[test]
fn documents() {
    refused(&[
        ("empty", "", "1:1: `version` is missing"),
        (
            "syntax",
            "version = 1\n[eth0\n",
            "2:6: invalid TOML: unclosed table, expected `]`",
        ),
        (
            "no version",
            "[eth0]\ndhcp4 = true",
            "1:1: `version` is missing",
        ),
        (
            "unknown version",
            "version = 4",
            "1:11: version 4 of net.toml is not known; versions are 1, 2 and 3",
        ),
        (
            "version as text",
            "version = '1'",
            "1:11: `version` must be a whole number",
        ),
        (
            "no device",
            "version = 1",
            "1:1: no device is configured; add a table for an interface, such as `[eth0]` with \
             `dhcp4 = true`",
        ),
        (
            "no addresses at all",
            "version = 1\n[eth0]\ndhcp4 = false",
            "2:2: no device has addresses; add `dhcp4`, `dhcp6`, `static4` or `static6`",
        ),
        (
            "no table",
            "version = 1\ndhcp4 = true",
            "2:9: `dhcp4` must be a table",
        ),
        (
            "typing error",
            "version = 1\n[eth0]\ndchp4 = true\ndhcp6 = true",
            "3:1: `eth0.dchp4` is not known here; did you mean `dhcp4`?",
        ),
        (
            "unknown key",
            "version = 1\n[eth0]\ndhcp4 = true\ncolour = 'red'",
            "4:1: `eth0.colour` is not known here",
        ),
        (
            "control character in a key",
            "version = 1\n[eth0]\ndhcp4 = true\n\"a\\u001b\" = 1",
            "4:1: `eth0.\"a\\u{1b}\"` is not known here",
        ),
    ]);
}

#[test]
fn names() {
    refused(&[
        (
            "too long",
            "version = 1\n[a234567890123456]\ndhcp4 = true",
            "2:2: `a234567890123456`: an interface name must have 1 to 15 characters",
        ),
        (
            "slash",
            "version = 1\n['a/b']\ndhcp4 = true",
            "2:2: `\"a/b\"`: an interface name must consist of letters, digits, `_`, `.` and `-`",
        ),
        (
            "MAC address in version 2",
            "version = 2\n['0e:b3:69:44:b6:33']\ndhcp4 = true",
            "2:2: `\"0e:b3:69:44:b6:33\"` needs version 3 of net.toml, this is version 2; say \
             `version = 3` at the top",
        ),
        (
            "bad MAC address",
            "version = 3\n['0e:b3:69:44:b6']\ndhcp4 = true",
            "2:2: `\"0e:b3:69:44:b6\"`: a MAC address must be six pairs of hexadecimal digits, \
             such as 0e:b3:69:44:b6:33",
        ),
        (
            "the same MAC address, written in two ways",
            "version = 3\n['0e:b3:69:44:b6:33']\ndhcp4 = true\n[a]\nmatch.mac = \
             '0E-B3-69-44-B6-33'\ndhcp4 = true",
            "4:2: `a` is about the same interface as `0e:b3:69:44:b6:33`",
        ),
        (
            "the same name",
            "version = 3\n[eth0]\ndhcp4 = true\n[a]\nmatch.name = 'eth0'\ndhcp4 = true",
            "4:2: `a` is about the same interface as `eth0`",
        ),
    ]);
}

#[test]
fn dhcp() {
    refused(&[
        (
            "neither boolean nor table",
            "version = 1\n[eth0]\ndhcp4 = 'yes'",
            "3:9: `eth0.dhcp4` must be true, false or a table",
        ),
        (
            "not said whether enabled",
            "version = 1\n[eth0.dhcp4]\noptional = true",
            "2:7: `eth0.dhcp4.enabled` is missing",
        ),
        (
            "what has to be said, mistyped",
            "version = 1\n[eth0.dhcp4]\nenalbed = true",
            "3:1: `eth0.dhcp4.enalbed` is not known here; did you mean `enabled`?",
        ),
        (
            "metric too large",
            "version = 1\n[eth0.dhcp4]\nenabled = true\nroute-metric = 4294967296",
            "4:16: `eth0.dhcp4.route-metric`: a route's metric must be a number from 0 to \
             4294967295",
        ),
        (
            "metric larger than TOML has numbers",
            "version = 1\n[eth0.dhcp4]\nenabled = true\nroute-metric = 99999999999999999999",
            "4:16: `eth0.dhcp4.route-metric`: a route's metric must be a number from 0 to \
             4294967295",
        ),
        (
            "unknown option",
            "version = 1\n[eth0.dhcp6]\nenabled = true\noptinal = true",
            "4:1: `eth0.dhcp6.optinal` is not known here; did you mean `optional`?",
        ),
    ]);
}

#[test]
fn static_addresses() {
    refused(&[
        (
            "in version 1",
            "version = 1\n[eth0.static4]\naddresses = ['192.0.2.1/24']",
            "2:7: `eth0.static4` needs version 2 of net.toml, this is version 1; say \
             `version = 2` at the top",
        ),
        (
            "without prefix",
            "version = 2\n[eth0.static4]\naddresses = ['192.0.2.1']",
            "3:14: `eth0.static4.addresses[0]`: an address with prefix must have a prefix \
             length, such as 192.0.2.1/24",
        ),
        (
            "other family",
            "version = 2\n[eth0.static6]\naddresses = ['2001:db8::1/64', '192.0.2.1/24']",
            "3:32: `eth0.static6.addresses` must hold IPv6 addresses",
        ),
        (
            "multicast",
            "version = 2\n[eth0.static4]\naddresses = ['224.0.0.1/24']",
            "3:14: `eth0.static4.addresses[0]`: a static address must be that of one interface \
             in a network",
        ),
        (
            "none",
            "version = 2\n[eth0.static4]\naddresses = []",
            "3:13: `eth0.static4.addresses` is empty",
        ),
        (
            "no list",
            "version = 2\n[eth0.static4]\naddresses = '192.0.2.1/24'",
            "3:13: `eth0.static4.addresses` must be a list",
        ),
        (
            "twice",
            "version = 2\n[eth0.static4]\naddresses = ['192.0.2.1/24', '192.0.2.1/24']",
            "3:30: `eth0.static4.addresses[1]` is there twice",
        ),
        (
            "with DHCP",
            "version = 2\n[eth0]\ndhcp4 = true\nstatic4.addresses = ['192.0.2.1/24']",
            "4:1: `eth0.dhcp4` and `eth0.static4` exclude each other; keep one of them",
        ),
        (
            "primary in the wrong place",
            "version = 2\n[eth0.static4]\nprimary = true\naddresses = ['192.0.2.1/24']",
            "3:1: `eth0.static4.primary` is not known here",
        ),
    ]);
    taken(&[(
        "beside DHCP that is off, or of the other family",
        "version = 2\n[eth0]\ndhcp4 = false\nstatic4.addresses = ['192.0.2.1/24']\n[eth1]\n\
         dhcp4 = true\nstatic6.addresses = ['2001:db8::1/64']"
            .to_owned(),
    )]);
}

#[test]
fn routes() {
    let with = |route: &str| {
        format!(
            "version = 2\n[eth0]\nstatic4.addresses = ['192.0.2.1/24']\n[[eth0.route]]\n{route}"
        )
    };
    check(&[
        (
            "no destination",
            with("via = '192.0.2.2'"),
            "4:1: `eth0.route[0].to` is missing",
        ),
        (
            "bad destination",
            with("to = 'everywhere'"),
            "5:6: `eth0.route[0].to`: an address with prefix must have a prefix length, such as \
             192.0.2.1/24",
        ),
        (
            "bad gateway",
            with("to = 'default'\nvia = '192.0.2.2/24'"),
            "6:7: `eth0.route[0].via`: an address must be an IP address without prefix, such as \
             192.0.2.1",
        ),
        (
            "mixed families",
            with("to = 'default'\nvia = '192.0.2.2'\nfrom = '2001:db8::1'"),
            "4:1: `eth0.route[0]` mixes IPv4 and IPv6",
        ),
        (
            "no addresses of its family",
            with("to = '2001:db8::/32'"),
            "4:1: `eth0.route[0]` needs static addresses of its family; add `static6`; routes do \
             not go with DHCP",
        ),
        (
            "gateway in no network",
            with("to = 'default'\nvia = '198.51.100.1'"),
            "6:7: `eth0.route[0].via` is not reached through any network of this device; if it \
             is on the link all the same, add a route to it without `via`",
        ),
        (
            "source of another node",
            with("to = 'default'\nvia = '192.0.2.2'\nfrom = '192.0.2.3'"),
            "7:8: `eth0.route[0].from` is not a static address of this node",
        ),
        (
            "typing error",
            with("to = 'default'\nvai = '192.0.2.2'"),
            "6:1: `eth0.route[0].vai` is not known here; did you mean `via`?",
        ),
    ]);
    refused(&[
        (
            "with DHCP",
            "version = 2\n[eth0]\ndhcp4 = true\n[[eth0.route]]\nto = 'default'",
            "4:1: `eth0.route[0]` needs static addresses of its family; add `static4`; routes do \
             not go with DHCP",
        ),
        (
            "one table for a list of them",
            "version = 2\n[eth0]\ndhcp4 = true\n[eth0.route]\nto = 'default'",
            "4:1: `eth0.route` must be a list",
        ),
    ]);
    taken(&[
        (
            "gateway on the link",
            with("to = 'default'\nvia = '198.51.100.1'\n[[eth0.route]]\nto = '198.51.100.1/32'"),
        ),
        (
            "source of another device",
            with(
                "to = 'default'\nvia = '192.0.2.2'\nfrom = '203.0.113.1'\n[lo]\nstatic4.addresses = ['203.0.113.1/32']",
            ),
        ),
    ]);
}

#[test]
fn mtu() {
    let with = |version: u8, fields: &str| format!("version = {version}\n[eth0]\n{fields}");
    check(&[
        (
            "in version 2",
            with(2, "dhcp4 = true\nmtu = 1500"),
            "4:1: `eth0.mtu` needs version 3 of net.toml, this is version 2; say `version = 3` \
             at the top",
        ),
        (
            "too small",
            with(3, "dhcp4 = true\nmtu = 67"),
            "4:7: `eth0.mtu`: an MTU must be a number of bytes from 68 to 65535",
        ),
        (
            "too large",
            with(3, "dhcp4 = true\nmtu = 65536"),
            "4:7: `eth0.mtu`: an MTU must be a number of bytes from 68 to 65535",
        ),
        (
            "too small for IPv6",
            with(3, "dhcp6 = true\nmtu = 1279"),
            "4:7: `eth0.mtu` is less than the 1280 bytes that IPv6 needs",
        ),
    ]);
    taken(&[("small, without IPv6", with(3, "dhcp4 = true\nmtu = 576"))]);
}

#[test]
fn matches() {
    let with = |fields: &str| format!("version = 3\n[a]\ndhcp4 = true\n[a.match]\n{fields}");
    check(&[
        ("nothing", with(""), "4:4: `a.match` is empty"),
        (
            "bad driver",
            with("driver = 'e1000 '"),
            "5:10: `a.match.driver`: the name of a driver must consist of letters, digits, `_` \
             and `-`",
        ),
        (
            "unknown",
            with("nmae = 'eth*'"),
            "5:1: `a.match.nmae` is not known here; did you mean `name`?",
        ),
    ]);
    refused(&[
        (
            "in version 2",
            "version = 2\n[a]\ndhcp4 = true\nmatch.name = 'eth*'",
            "4:1: `a.match` needs version 3 of net.toml, this is version 2; say `version = 3` at \
             the top",
        ),
        (
            "with a MAC address as name",
            "version = 3\n['0e:b3:69:44:b6:33']\ndhcp4 = true\nmatch.name = 'eth*'",
            "4:1: `0e:b3:69:44:b6:33` is called by its MAC address, which says already which \
             interface it is",
        ),
        (
            "of a VLAN",
            "version = 3\n[v]\nkind = 'vlan'\ndevice = 'eth0'\nid = 1\nmatch.name = 'eth*'",
            "6:1: `v.match` is for interfaces that exist, not for a device made here",
        ),
    ]);
}

#[test]
fn kinds() {
    refused(&[
        (
            "in version 2",
            "version = 2\n[b]\nkind = 'vlan'",
            "3:1: `b.kind` needs version 3 of net.toml, this is version 2; say `version = 3` at \
             the top",
        ),
        (
            "unknown",
            "version = 3\n[b]\nkind = 'bridge'",
            "3:8: `b.kind` must be `bond` or `vlan`",
        ),
        (
            "with a MAC address as name",
            "version = 3\n['0e:b3:69:44:b6:33']\nkind = 'vlan'",
            "2:2: `0e:b3:69:44:b6:33` is called by its MAC address, which is only for interfaces \
             that exist",
        ),
        (
            "none, with the fields of one",
            "version = 3\n[b]\ndhcp4 = true\nid = 3",
            "4:1: `b.id` is not known here",
        ),
    ]);
}

#[test]
fn bonds() {
    let v3 = |rest: &str| format!("version = 3\n{rest}");
    check(&[
        (
            "other mode",
            v3("[b]\nkind = 'bond'\nmode = '802.3ad'"),
            "4:8: `b.mode` must be `active-backup`",
        ),
        (
            "no members",
            v3(&bond("b", "[]")),
            "5:14: `b.interfaces` is empty",
        ),
        (
            "MAC address as member",
            v3(&bond("b", "['0e:b3:69:44:b6:33']")),
            "5:15: `b.interfaces[0]` must be a name, not a MAC address; give the interface a \
             table with `match.mac`, and use that table's name",
        ),
        (
            "member twice",
            v3(&bond("b", "['e', 'e']")),
            "5:20: `e` is a member of `b` already",
        ),
        (
            "member of two",
            v3(&(bond("b", "['e', 'f']") + &bond("c", "['g', 'f']"))),
            "11:20: `f` is a member of `b` already",
        ),
        (
            "member with addresses",
            v3(&(bond("b", "['e']") + "[e]\ndhcp4 = false")),
            "8:2: `e` is a member of `b`, and must not be more than that; move addresses and \
             routes to the bond",
        ),
        (
            "bond of a bond",
            v3(&(bond("b", "['e']") + &bond("c", "['b']"))),
            "11:15: `b` is a device made here, and cannot be a member of a bond",
        ),
        (
            "more links than members",
            v3(&(bond("b", "['e']") + "min-links = 2")),
            "8:13: `b.min-links` is more than the 1 members of the bond",
        ),
        (
            "negative number of links",
            v3(&(bond("b", "['e']") + "min-links = -1")),
            "8:13: `b.min-links` must be a number of links",
        ),
        (
            "no monitoring",
            v3("[b]\nkind = 'bond'\nmode = 'active-backup'\ninterfaces = ['e']\ndhcp4 = true"),
            "2:2: `b.monitoring` is missing",
        ),
        (
            "both monitorings",
            monitoring("miimon-frequency-ms = 1, arpmon-interval-ms = 1"),
            "6:1: `b.monitoring` must be one of the two kinds, with all of its keys; take \
             `miimon-frequency-ms`, `miimon-updelay-ms`, `miimon-downdelay-ms`, or \
             `arpmon-interval-ms`, `arpmon-validate`, `arpmon-targets`",
        ),
        (
            "half of a monitoring",
            monitoring("miimon-frequency-ms = 1, miimon-updelay-ms = 1"),
            "6:1: `b.monitoring.miimon-downdelay-ms` is missing",
        ),
        (
            "monitoring that is off",
            monitoring("miimon-frequency-ms = 0, miimon-updelay-ms = 0, miimon-downdelay-ms = 0"),
            "6:38: `b.monitoring.miimon-frequency-ms`: a time in milliseconds must be a number \
             from 1 to 2147483647",
        ),
        (
            "delay shorter than the frequency",
            monitoring("miimon-frequency-ms = 9, miimon-updelay-ms = 9, miimon-downdelay-ms = 8"),
            "6:86: `b.monitoring.miimon-downdelay-ms` is shorter than \
             `b.monitoring.miimon-frequency-ms`",
        ),
        (
            "nobody to ask",
            monitoring("arpmon-interval-ms = 1, arpmon-validate = 'all', arpmon-targets = []"),
            "6:82: `b.monitoring.arpmon-targets` must list 1 to 16 hosts",
        ),
        (
            "too many to ask",
            monitoring(&format!(
                "arpmon-targets = [{}], arpmon-interval-ms = 1, arpmon-validate = 'all'",
                "'192.0.2.1', ".repeat(17)
            )),
            "6:33: `b.monitoring.arpmon-targets` must list 1 to 16 hosts",
        ),
        (
            "unknown validation",
            monitoring(
                "arpmon-interval-ms = 1, arpmon-validate = 'some', arpmon-targets = ['192.0.2.1']",
            ),
            "6:58: `b.monitoring.arpmon-validate` must be `none`, `active`, `backup` or `all`",
        ),
        (
            "IPv6 to ask",
            monitoring("arpmon-interval-ms = 1, arpmon-validate = 'all', arpmon-targets = ['::1']"),
            "6:83: `b.monitoring.arpmon-targets[0]`: an address must be an IP address without \
             prefix, such as 192.0.2.1",
        ),
        (
            "of no use",
            v3(&bond("b", "['e']").replace("dhcp4 = true\n", "[f]\ndhcp4 = true")),
            "2:2: `b` says nothing about addresses; add `dhcp4`, `dhcp6`, `static4` or `static6`",
        ),
    ]);
    taken(&[(
        "member with match alone",
        v3(&(bond("b", "['e']") + "[e.match]\ndriver = 'e1000'")),
    )]);
}

#[test]
fn vlans() {
    let vlan = |name: &str, device: &str, id: &str| {
        format!("[{name}]\nkind = 'vlan'\ndevice = '{device}'\nid = {id}\ndhcp4 = true\n")
    };
    let v3 = |rest: &str| format!("version = 3\n{rest}");
    let id = "5:6: `v.id`: a VLAN's id must be a number from 1 to 4094";
    check(&[
        ("id 0", v3(&vlan("v", "e", "0")), id),
        ("id 4095", v3(&vlan("v", "e", "4095")), id),
        ("id -1", v3(&vlan("v", "e", "-1")), id),
        (
            "no id",
            v3("[v]\nkind = 'vlan'\ndevice = 'e'"),
            "2:2: `v.id` is missing",
        ),
        (
            "no device",
            v3("[v]\nkind = 'vlan'\nid = 3"),
            "2:2: `v.device` is missing",
        ),
        (
            "bad device",
            v3(&vlan("v", "a b", "1")),
            "4:10: `v.device`: an interface name must consist of letters, digits, `_`, `.` and \
             `-`",
        ),
        (
            "MAC address as device",
            v3(&vlan("v", "0e:b3:69:44:b6:33", "1")),
            "4:10: `v.device` must be a name, not a MAC address; give the interface a table with \
             `match.mac`, and use that table's name",
        ),
        (
            "on itself",
            v3(&vlan("v", "v", "1")),
            "4:10: `v` is on top of itself",
        ),
        (
            "in a circle",
            v3(&(vlan("v", "w", "1") + &vlan("w", "v", "2"))),
            "4:10: `v` is on top of itself",
        ),
        (
            "the same twice",
            v3(&(vlan("v", "e", "1") + &vlan("w", "e", "1"))),
            "7:2: `w` has the same device and id as `v`",
        ),
        (
            "on a member of a bond",
            v3(&(bond("b", "['e']") + &vlan("v", "e", "1"))),
            "10:10: `e` is a member of `b`, and cannot carry a VLAN; put the VLAN on the bond",
        ),
        (
            "larger than the device below",
            v3(&(vlan("v", "e", "1") + "mtu = 1501\n[e]\nmtu = 1500")),
            "2:2: the MTU of `v` is larger than that of `e` below it",
        ),
        (
            "of no use",
            v3("[v]\nkind = 'vlan'\ndevice = 'e'\nid = 3\n[e]\ndhcp4 = true"),
            "2:2: `v` says nothing about addresses; add `dhcp4`, `dhcp6`, `static4` or `static6`",
        ),
    ]);
    taken(&[
        (
            "on a VLAN",
            v3(&(vlan("v", "e", "1") + &vlan("w", "v", "1"))),
        ),
        (
            "the same id on two",
            v3(&(vlan("v", "e", "1") + &vlan("w", "f", "1"))),
        ),
    ]);
}

#[test]
fn primary_devices() {
    refused(&[
        (
            "two",
            "version = 1\n[a]\ndhcp4 = true\nprimary = true\n[b]\ndhcp4 = true\nprimary = true",
            "7:1: `b` is a second primary device, `a` is one already; keep `primary = true` for \
             one device",
        ),
        (
            "without addresses",
            "version = 1\n[a]\ndhcp4 = false\nprimary = true\n[b]\ndhcp4 = true",
            "4:1: `a` is the primary device, but has no addresses",
        ),
        (
            "nothing about addresses",
            "version = 1\n[a]\nprimary = false\n[b]\ndhcp4 = true",
            "2:2: `a` says nothing about addresses; add `dhcp4`, `dhcp6`, `static4` or `static6`",
        ),
    ]);
    let first = validate("version = 1\n[z]\ndhcp4 = false\n[y]\ndhcp4 = true\n[x]\ndhcp4 = true");
    let first = first.map(|config| config.primary().label.to_string());
    assert_eq!(first, Ok("y".to_owned()), "in the order of the document");
}

#[test]
fn a_person_is_told_all_of_it() {
    let error = validate("version = 1\n[eth0]\ndchp4 = true\ndhcp6 = true").unwrap_err();
    assert_eq!(
        error.explain("/var/lib/bottlerocket/net.toml"),
        "\
/var/lib/bottlerocket/net.toml:3:1: `eth0.dchp4` is not known here
  |
3 | dchp4 = true
  | ^
hint: did you mean `dhcp4`?"
    );
}

#[test]
fn documented_examples_are_good() {
    let documentation: String = include_str!("../src/config/mod.rs")
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let examples: Vec<_> = documentation.split("```toml\n").skip(1).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (text, _) = example.split_once("```").unwrap();
        taken(&[(text, text.to_owned())]);
    }
}

#[test]
fn hostile_size_and_depth_are_refused() {
    let cases = [
        ("lists", format!("version = 1\na = {}", "[".repeat(60_000))),
        (
            "tables",
            format!("version = 1\na = {}", "{a=".repeat(20_000)),
        ),
        (
            "dotted key",
            format!("version = 1\na{} = 1", ".a".repeat(30_000)),
        ),
        (
            "dotted keys in tables",
            format!(
                "version = 1\na = {}1{}",
                format!("{{a{}=", ".a".repeat(70)).repeat(70),
                "}".repeat(70)
            ),
        ),
        ("large", format!("version = 1\n#{}", "x".repeat(MAX_BYTES))),
        (
            "long circle of VLANs",
            (0..1200).fold("version = 3\n".to_owned(), |text, n| {
                let below = (n + 1) % 1200;
                text + &format!("[v{n}]\nkind='vlan'\ndevice='v{below}'\nid=1\n")
            }),
        ),
    ];
    for (name, text) in cases {
        let error = validate(&text).unwrap_err();
        let explained = error.explain("net.toml");
        assert!(explained.len() < 1000, "{name}: {explained}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = validate(&text).map_err(|e| e.explain("net.toml"));
    }

    #[test]
    fn no_text_of_our_words_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "\n", "\n[a]\n", "\n[b]\n", "\n[[a.route]]\n", "\n[a.match]\n", "[b.monitoring]\n",
                "version = 3", "dhcp4 = true", "dhcp6.enabled = true", "kind = 'bond'",
                "kind = 'vlan'", "device = 'b'", "id = 3", "interfaces = ['a', 'c']",
                "mode = 'active-backup'", "static4.addresses = ['192.0.2.1/24']", "mtu = 1500",
                "to = 'default'", "via = '192.0.2.2'", "name = '*'", "primary = true", "= [{", "}]",
            ]),
            0..24,
        )
    ) {
        let text = format!("version = 3\n{}", words.join("\n"));
        match validate(&text) {
            Ok(config) => prop_assert!(network::render(&config).len() > 1),
            Err(error) => prop_assert!(error.position().is_some()),
        }
    }

    #[test]
    fn no_argument_panics(value in ".{0,60}") {
        let _ = network::config::default_interface(&format!("netdog.default-interface={value}"));
    }
}
