//! First boots against a fake API: what is sent, in which order, and what is
//! left behind.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::path::Path;

use apiclient::{Client, Layer};
use early_boot_config::sources::{self, Source, UserData};
use early_boot_config::{Outcome, launch};
use fake_http_server::{Answer, FakeServer, Request};

const MARKER: &str = "var/lib/bottlerocket/early-boot-config.ran";
const DEFAULTS: &str = "local/user-data-defaults.toml";
const IN_IMAGE: &str = "var/lib/bottlerocket/user-data.toml";
const PLATFORM: &str = "credentials/bottlerocket.user-data";
const VOLUME: &str = "volumes/nocloud";
const OVERRIDES: &str = "local/user-data-overrides.toml";

const PATCH: &str = "PATCH /settings?tx=bottlerocket-launch&layer=user-data";
const DROP: &str = "DELETE /tx?tx=bottlerocket-launch";
const COMMIT: &str = "POST /tx/commit?tx=bottlerocket-launch";
const PROBLEM: &str = "POST /status/problem";

/// As the API answers: a group called `bad` is refused, a `clash` fits no rule
/// between settings, a `crash` breaks the server.
fn api() -> FakeServer {
    let mut pending = String::new();
    FakeServer::start(move |request: &Request| match request.line().as_str() {
        DROP => {
            pending.clear();
            Answer::ok("[]")
        }
        PATCH if request.body.contains("bad") => Answer::Status(
            400,
            r#"{"error":"settings.bad.x: unknown field `x`","hint":"look it up"}"#.to_owned(),
        ),
        PATCH if request.body.contains("crash") => Answer::Status(500, "disk full".to_owned()),
        line if line == PATCH.replace("user-data", "generated") => {
            Answer::Status(400, "settings.bad: unknown".to_owned())
        }
        PATCH => {
            pending.push_str(request.body.trim_matches(['{', '}']));
            Answer::nothing()
        }
        COMMIT if pending.is_empty() => Answer::Status(422, "no pending changes".to_owned()),
        COMMIT if pending.contains("clash") => Answer::Status(
            400,
            r#"{"error":"settings.clash: does not go with it"}"#.to_owned(),
        ),
        COMMIT => Answer::ok(r#"["settings.motd"]"#),
        PROBLEM => Answer::nothing(),
        _ => Answer::Status(404, String::new()),
    })
}

fn node(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let standard: [(&str, &[u8]); 1] = [("proc/cmdline", b"quiet\n")];
    for (path, contents) in standard.iter().chain(files) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    root
}

fn boot(socket: &Path, root: &Path) -> String {
    let credentials = root.join("credentials");
    let volumes = root.join("volumes");
    let arguments = [
        "early-boot-config".as_ref(),
        "--socket-path".as_ref(),
        socket.as_os_str(),
        "--root".as_ref(),
        root.as_os_str(),
        "--credentials-directory".as_ref(),
        credentials.as_os_str(),
        "--volumes".as_ref(),
        volumes.as_os_str(),
    ];
    let code = early_boot_config::main(arguments.map(|a| a.to_owned()).to_vec());
    format!("{code:?}")
}

fn success() -> String {
    format!("{:?}", std::process::ExitCode::SUCCESS)
}

fn failure() -> String {
    format!("{:?}", std::process::ExitCode::FAILURE)
}

#[test]
fn user_data_is_sent_weakest_first_and_committed_once() {
    let api = api();
    let root = node(&[
        (OVERRIDES, b"[settings]\nmotd = '5'"),
        (VOLUME, b"W3NldHRpbmdzXQptb3RkID0gJzQn"),
        (PLATFORM, b"{\"settings\": {\"motd\": \"3\"}}"),
        (IN_IMAGE, b"[settings]\nmotd = '2'"),
        (DEFAULTS, b"[settings]\nmotd = '1'"),
    ]);
    assert_eq!(boot(&api.socket(), root.path()), success());
    assert_eq!(
        api.lines(),
        [DROP, PATCH, PATCH, PATCH, PATCH, PATCH, COMMIT]
    );
    let bodies: Vec<_> = api.requests()[1..6]
        .iter()
        .map(|r| r.body.clone())
        .collect();
    assert_eq!(
        bodies,
        ["1", "2", "3", "4", "5"].map(|n| format!("{{\"motd\":\"{n}\"}}"))
    );
    assert!(root.path().join(MARKER).exists());

    assert_eq!(boot(&api.socket(), root.path()), success());
    assert_eq!(api.lines().len(), 7, "a second boot asks for nothing");
}

#[test]
fn no_user_data_is_fine() {
    type Files<'a> = &'a [(&'a str, &'a [u8])];
    let cases: &[(&str, Files)] = &[
        ("nothing at all", &[]),
        ("empty files", &[(DEFAULTS, b""), (PLATFORM, b" \n")]),
        ("no settings in it", &[(PLATFORM, b"[settings]\n")]),
    ];
    for (name, files) in cases {
        let (api, root) = (api(), node(files));
        assert_eq!(boot(&api.socket(), root.path()), success(), "{name}");
        assert_eq!(api.lines().last().unwrap(), COMMIT, "{name}");
        assert!(root.path().join(MARKER).exists(), "{name}");
    }
}

#[test]
fn bad_user_data_is_refused_as_a_whole_and_does_not_stop_the_boot() {
    let good: (&str, &[u8]) = (DEFAULTS, b"[settings]\nmotd = '1'");
    let huge = vec![b'#'; 1024 * 1024 + 1];
    let cases: &[(&str, &[u8], &[&str], &str)] = &[
        (
            "syntax",
            b"[settings]\nmotd = hush\n",
            &[DROP, PROBLEM],
            "bottlerocket.user-data:2:8: invalid TOML: string values must be quoted",
        ),
        (
            "cut-json",
            b"{\"settings\": {\n",
            &[DROP, PROBLEM],
            "bottlerocket.user-data:2:1: invalid JSON: EOF while parsing an object",
        ),
        (
            "not-utf-8",
            b"[settings]\nmotd = '\xff'\n",
            &[DROP, PROBLEM],
            "bottlerocket.user-data:2:9: the text is not UTF-8",
        ),
        (
            "other-top-level-key",
            b"[settings]\n[services.x]\n",
            &[DROP, PROBLEM],
            "bottlerocket.user-data:2:2: `services` is not allowed here, only `settings` is",
        ),
        (
            "no-settings",
            b"#!/bin/sh\n",
            &[DROP, PROBLEM],
            "bottlerocket.user-data: there is no `[settings]` in it",
        ),
        (
            "too-large",
            &huge,
            &[DROP, PROBLEM],
            "bottlerocket.user-data: the document is larger than 1048576 bytes",
        ),
        (
            "refused-key",
            b"[settings]\n[settings.bad]\nx = 1\n",
            &[DROP, PATCH, PATCH, DROP, PROBLEM],
            "bottlerocket.user-data:3:1: settings.bad.x: unknown field `x` (hint: look it up)",
        ),
        (
            "refused-at-commit",
            b"[settings]\nclash = 1\n",
            &[DROP, PATCH, PATCH, COMMIT, DROP, PROBLEM],
            "settings.clash: does not go with it",
        ),
    ];
    for (name, contents, lines, reason) in cases {
        let (api, root) = (api(), node(&[good, (PLATFORM, contents)]));
        assert_eq!(boot(&api.socket(), root.path()), success(), "{name}");
        assert_eq!(api.lines(), *lines, "{name}");
        let problem = api.requests().pop().unwrap().body;
        assert!(
            problem.starts_with(r#"{"message":"user data was refused"#),
            "{name}: {problem}"
        );
        assert!(
            problem.contains(r#""source":"early-boot-config""#),
            "{name}: {problem}"
        );
        assert!(problem.contains(reason), "{name}: {problem}");
        assert!(!problem.contains("hush"), "{name}: {problem}");
        assert!(!root.path().join(MARKER).exists(), "{name}");
    }
}

#[test]
fn a_source_that_cannot_be_read_is_bad_user_data() {
    let (api, root) = (api(), node(&[]));
    fs::create_dir_all(root.path().join(OVERRIDES)).unwrap();
    assert_eq!(boot(&api.socket(), root.path()), success());
    let problem = api.requests().pop().unwrap().body;
    assert!(
        problem.contains("user-data-overrides.toml: it is not a regular file"),
        "{problem}"
    );
}

#[test]
fn what_is_wrong_with_the_platform_is_wrong_with_the_user_data() {
    let cases: &[(&str, &str, &[u8], &str)] = &[
        (
            "an unknown name",
            "proc/cmdline",
            b"bottlerocket.platform=azores",
            "unknown value `azores`; hint: use one of aws, azure, gcp,",
        ),
        (
            "a volume that cannot be read",
            "volumes/problem",
            b"/dev/sr0, the volume `cidata`: failed to mount it",
            "user data was refused, the node runs without it: /dev/sr0, the volume",
        ),
        (
            "an address that nobody fetched from",
            "volumes/nocloud-address",
            b"https://example.com/node.toml#sha256=00\n",
            "https://example.com/node.toml#sha256=00 was not fetched",
        ),
        (
            "an environment that is none",
            "volumes/ovf-env.xml",
            b"<Environment",
            "ovf-env.xml of the CD-ROM: it is not an OVF environment",
        ),
    ];
    for (name, path, contents, reason) in cases {
        let good: (&str, &[u8]) = (DEFAULTS, b"[settings]\nmotd = '1'");
        let (api, root) = (api(), node(&[good, (path, contents)]));
        assert_eq!(boot(&api.socket(), root.path()), success(), "{name}");
        assert_eq!(api.lines(), [DROP, PROBLEM], "{name}");
        let problem = api.requests().pop().unwrap().body;
        assert!(problem.contains(reason), "{name}: {problem}");
    }
}

#[test]
fn what_the_node_found_out_is_left_out_where_there_is_no_such_setting() {
    let api = api();
    let root = node(&[]);
    let marker = root.path().join(MARKER);
    let client = Client::new(api.socket());
    let found = |settings: &str, layer| -> Box<dyn Source> {
        Box::new(Fixed(UserData {
            origin: "here".to_owned(),
            bytes: format!("[settings]\n{settings}\n").into_bytes(),
            layer,
        }))
    };
    let sources = vec![
        found("bad = 1", Layer::Generated),
        found("motd = 'hi'", Layer::UserData),
    ];
    let outcome = launch(&client, || Ok(sources), &marker).unwrap();
    assert_eq!(
        outcome,
        Outcome::Committed(vec!["settings.motd".to_owned()])
    );
    let generated = PATCH.replace("user-data", "generated");
    assert_eq!(api.lines(), [DROP, &generated, PATCH, COMMIT]);
}

#[derive(Debug)]
struct Fixed(UserData);

impl Source for Fixed {
    fn fetch(&self) -> Result<Option<UserData>, sources::Error> {
        Ok(Some(self.0.clone()))
    }
}

#[test]
fn corrected_user_data_is_applied_at_the_next_boot() {
    let (api, root) = (api(), node(&[(PLATFORM, b"[settings]\nmotd = hi\n")]));
    assert_eq!(boot(&api.socket(), root.path()), success());
    fs::write(root.path().join(PLATFORM), b"[settings]\nmotd = 'hi'\n").unwrap();
    assert_eq!(boot(&api.socket(), root.path()), success());
    assert_eq!(api.lines().last().unwrap(), COMMIT);
    assert!(root.path().join(MARKER).exists());
}

#[test]
fn failures_of_the_node_are_failures() {
    let (api, root) = (api(), node(&[(PLATFORM, b"[settings]\ncrash = 1\n")]));
    assert_eq!(boot(&api.socket(), root.path()), failure());
    assert_eq!(api.lines(), [DROP, PATCH, DROP, PROBLEM]);
    assert!(!root.path().join(MARKER).exists());

    let root = node(&[]);
    assert_eq!(boot(&root.path().join("api.sock"), root.path()), failure());
    assert!(!root.path().join(MARKER).exists());

    let (api, root) = (
        self::api(),
        node(&[("var/lib/bottlerocket", b"not a folder")]),
    );
    assert_eq!(boot(&api.socket(), root.path()), failure());
    assert_eq!(api.lines().last().unwrap(), PROBLEM);
}
