//! Every fixture, rendered and compared with `tests/golden/CASE/UNIT`.
//! `UPDATE_GOLDEN=1` writes the files instead; read the difference before
//! committing it.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use network::config::{NetConfig, default_interface, validate};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(name)
}

fn fixture(name: &str) -> NetConfig {
    let path = folder("fixtures").join(name).with_extension("toml");
    validate(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{}", e.explain(name)))
}

fn cases() -> Vec<(&'static str, NetConfig)> {
    let argument = "quiet netdog.default-interface=eth0:dhcp4,dhcp6?";
    let mut cases = vec![(
        "kernel-argument",
        default_interface(argument).unwrap().unwrap(),
    )];
    for name in ["v1", "v2", "v3", "match"] {
        cases.push((name, fixture(name)));
    }
    cases
}

#[test]
fn rendered_units_are_the_golden_ones() {
    for (case, config) in cases() {
        let golden = folder("golden").join(case);
        let rendered: BTreeMap<_, _> = network::render(&config)
            .into_iter()
            .map(|unit| (unit.file_name, unit.contents))
            .collect();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let _ = fs::remove_dir_all(&golden);
            fs::create_dir_all(&golden).unwrap();
            for (name, contents) in &rendered {
                fs::write(golden.join(name), contents).unwrap();
            }
        }
        let found: BTreeMap<_, _> = fs::read_dir(&golden)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        for (name, contents) in &rendered {
            assert_eq!(Some(contents), found.get(name), "{case}/{name}");
        }
        assert_eq!(rendered.len(), found.len(), "{case}: {:?}", found.keys());
    }
}

#[test]
fn the_primary_device_is_the_one_said_or_the_first_with_addresses() {
    let primaries: Vec<_> = cases()
        .into_iter()
        .map(|(case, config)| (case, network::network_unit_name(&config.primary().label)))
        .collect();
    let expected = [
        ("kernel-argument", "10-netdog-eth0.network"),
        ("v1", "10-netdog-eno2.network"),
        ("v2", "10-netdog-eno1.network"),
        ("v3", "10-netdog-mac-0eb36944b633.network"),
        ("match", "10-netdog-management.network"),
    ];
    for ((case, unit), (expected_case, expected)) in primaries.iter().zip(expected) {
        assert_eq!((*case, unit.as_str()), (expected_case, expected));
    }
}
