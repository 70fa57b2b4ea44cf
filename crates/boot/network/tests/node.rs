//! What happens at a boot: which source is taken, what is written, and what is
//! reported.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use fake_http_server::{Answer, FakeServer};

const FILE: &str = "var/lib/bottlerocket/net.toml";
const CREDENTIAL: &str = "credentials/bottlerocket.net-toml";
const COMMAND_LINE: &str = "proc/cmdline";
const UNITS: &str = "run/systemd/network";

/// Files by their path.
type Files<'a> = &'a [(&'a str, &'a [u8])];

const GOOD: &str = "version = 1\n[eno1]\ndhcp4 = true\n";
const BAD: &str = "version = 1\n[eno1]\ndhcp = true\n";

fn node(files: Files<'_>) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), COMMAND_LINE, b"quiet\n");
    for (path, contents) in files {
        put(root.path(), path, contents);
    }
    root
}

fn put(root: &Path, path: &str, contents: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

fn netdog(root: &Path, arguments: &[&str]) -> String {
    let mut all = vec!["netdog".into(), "--root".into(), root.into()];
    all.extend(arguments.iter().map(|a| (*a).into()));
    format!("{:?}", network::main(all))
}

fn generate(root: &Path) -> String {
    let credentials = root.join("credentials");
    let credentials = credentials.to_str().unwrap();
    netdog(
        root,
        &[
            "generate-net-config",
            "--credentials-directory",
            credentials,
        ],
    )
}

fn code(code: u8) -> String {
    format!("{:?}", ExitCode::from(code))
}

fn units(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join(UNITS)).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn problem(root: &Path) -> Option<String> {
    fs::read_to_string(root.join("run/netdog/problem")).ok()
}

#[test]
fn the_first_source_decides() {
    let of = |name: &str| GOOD.replace("eno1", name).into_bytes();
    let (file, credential) = (of("file"), of("credential"));
    let argument = b"quiet netdog.default-interface=argument:dhcp4\n".as_slice();
    let cases: [(&str, Files<'_>, Option<&str>); 4] = [
        ("nothing", &[], None),
        ("argument", &[(COMMAND_LINE, argument)], Some("argument")),
        (
            "credential",
            &[(CREDENTIAL, &credential), (COMMAND_LINE, argument)],
            Some("credential"),
        ),
        (
            "file",
            &[
                (FILE, &file),
                (CREDENTIAL, &credential),
                (COMMAND_LINE, argument),
            ],
            Some("file"),
        ),
    ];
    for (name, files, expected) in cases {
        let root = node(files);
        assert_eq!(generate(root.path()), code(0), "{name}");
        let expected: Vec<_> = expected
            .iter()
            .flat_map(|name| {
                [
                    format!("10-netdog-{name}.network"),
                    "90-default.network".to_owned(),
                ]
            })
            .collect();
        assert_eq!(units(root.path()), expected, "{name}");
        assert_eq!(problem(root.path()), None, "{name}");
    }
}

#[test]
fn what_is_of_no_use_leaves_the_default_in_force() {
    let large = format!("{GOOD}#{}", "x".repeat(network::config::MAX_BYTES));
    let at = |root: &Path, path: &str| root.join(path).display().to_string();
    let cases: [(&str, &str, &[u8], &str); 5] = [
        (
            "mistake",
            FILE,
            BAD.as_bytes(),
            ":3:1: `eno1.dhcp` is not known here (hint: did you mean `dhcp4`?)",
        ),
        (
            "mistake in the credential",
            CREDENTIAL,
            b"version = 9",
            ":1:11: version 9 of net.toml is not known (hint: versions are 1, 2 and 3)",
        ),
        (
            "not text",
            FILE,
            b"version = 1\n\xff",
            ": the text is not UTF-8",
        ),
        (
            "too large",
            FILE,
            large.as_bytes(),
            ": the document is larger than 65536 bytes",
        ),
        ("empty", FILE, b"", ":1:1: `version` is missing"),
    ];
    for (name, path, contents, expected) in cases {
        // A good configuration in a weaker place does not step in.
        let root = node(&[
            (COMMAND_LINE, b"netdog.default-interface=eth0:dhcp4"),
            (path, contents),
        ]);
        assert_eq!(generate(root.path()), code(0), "{name}");
        assert!(units(root.path()).is_empty(), "{name}");
        let found = problem(root.path()).unwrap();
        assert_eq!(found, at(root.path(), path) + expected, "{name}");
    }
    let root = node(&[(COMMAND_LINE, b"netdog.default-interface=eth0")]);
    assert_eq!(generate(root.path()), code(0));
    assert_eq!(
        problem(root.path()).unwrap(),
        "netdog.default-interface=eth0: there is no `:` behind the interface; hint: write it as \
         `eth0:dhcp4,dhcp6?`"
    );
}

#[test]
fn a_second_run_leaves_nothing_of_the_first() {
    let root = node(&[(FILE, GOOD.as_bytes())]);
    put(root.path(), "run/systemd/network/50-other.network", b"");
    generate(root.path());
    assert_eq!(
        units(root.path()),
        [
            "10-netdog-eno1.network",
            "50-other.network",
            "90-default.network"
        ]
    );
    let primary = fs::read_to_string(root.path().join("run/netdog/primary.json")).unwrap();
    assert_eq!(
        primary,
        r#"{"unit":"10-netdog-eno1.network","addresses":[]}"#
    );

    put(root.path(), FILE, BAD.as_bytes());
    generate(root.path());
    assert_eq!(units(root.path()), ["50-other.network"]);
    assert!(problem(root.path()).is_some());
    assert!(!root.path().join("run/netdog/primary.json").exists());

    put(root.path(), FILE, GOOD.replace("eno1", "eno2").as_bytes());
    generate(root.path());
    assert_eq!(
        units(root.path()),
        [
            "10-netdog-eno2.network",
            "50-other.network",
            "90-default.network"
        ]
    );
    assert_eq!(problem(root.path()), None);
}

#[test]
fn units_that_cannot_be_written_leave_the_default_in_force() {
    let root = node(&[(FILE, b"version = 1\n[a]\ndhcp4 = true\n[b]\ndhcp4 = true\n")]);
    // In the way of the second unit's temporary file.
    fs::create_dir_all(root.path().join(UNITS).join(".10-netdog-b.network.new")).unwrap();
    assert_eq!(generate(root.path()), code(1));
    assert_eq!(units(root.path()), [".10-netdog-b.network.new"]);
}

#[test]
fn a_refusal_is_reported_once_the_api_is_there() {
    let api = FakeServer::start(|_| Answer::nothing());
    let socket = api.socket().to_str().unwrap().to_owned();
    let root = node(&[(FILE, BAD.as_bytes())]);
    let report = || netdog(root.path(), &["report-problem", "--socket-path", &socket]);
    // Nothing to report yet.
    assert_eq!(report(), code(0));
    assert!(api.requests().is_empty());

    generate(root.path());
    assert_eq!(report(), code(0));
    let requests = api.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    assert_eq!(request.line(), "POST /status/problem");
    let origin = root.path().join(FILE).display().to_string();
    assert_eq!(
        request.body,
        format!(
            "{{\"message\":\"the network's configuration was refused, the default is in force: \
             {origin}:3:1: `eno1.dhcp` is not known here (hint: did you mean `dhcp4`?)\",\
             \"source\":\"netdog\"}}"
        )
    );
    let nobody = root.path().join("x");
    let arguments = ["report-problem", "--socket-path", nobody.to_str().unwrap()];
    assert_eq!(netdog(root.path(), &arguments), code(1));
}

#[test]
fn files_are_validated_anywhere() {
    let root = node(&[("good.toml", GOOD.as_bytes()), ("bad.toml", BAD.as_bytes())]);
    for (file, expected) in [("good.toml", 0), ("bad.toml", 1), ("none.toml", 1)] {
        let path = root.path().join(file);
        let arguments = ["validate-net-config", path.to_str().unwrap()];
        assert_eq!(netdog(root.path(), &arguments), code(expected), "{file}");
    }
}
