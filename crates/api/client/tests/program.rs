//! Whole runs of `apiclient`: what it asks, what it prints where, and how it
//! exits.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use fake_http_server::{Answer, FakeServer, Request};

/// Exit code, standard output, standard error.
type Ran = (i32, String, String);

fn run_with_input(socket: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_apiclient"))
        .arg("--socket-path")
        .arg(socket)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn run(server: &FakeServer, arguments: &[&str]) -> Ran {
    run_with_input(&server.socket(), arguments, "")
}

/// Names of settings are no data: they are for the person who looks.
fn changed_motd() -> Ran {
    (0, String::new(), "changed settings.motd\n".to_owned())
}

/// Accepts everything that is not about a group called `bad`.
fn server() -> FakeServer {
    FakeServer::start(|request: &Request| match request.line().as_str() {
        "GET /settings" => Answer::ok(r#"{"motd":"hi"}"#),
        "GET /?prefix=settings" => Answer::ok(r#"{"settings":{"motd":"hi"}}"#),
        "GET /?prefix=settings.ntp" => Answer::ok(r#"{"settings":{"ntp":{"options":[]}}}"#),
        "GET /?prefix=motd" | "GET /?prefix=settings.nope" => Answer::ok("{}"),
        "GET /?prefix=os" => Answer::ok(r#"{"os":{"arch":"x86_64"}}"#),
        "GET /status" => Answer::ok(r#"{"degraded":false,"reasons":[]}"#),
        "POST /actions/reboot" => Answer::nothing(),
        _ if request.method == "PATCH" && request.body.contains("bad") => Answer::Status(
            400,
            r#"{"error":"settings.bad: unknown field `bad`","hint":"did you mean `bat`?"}"#
                .to_owned(),
        ),
        _ if request.method == "PATCH" => Answer::nothing(),
        _ if request.target.starts_with("/tx/commit_and_apply") => {
            Answer::ok(r#"["settings.motd"]"#)
        }
        _ if request.method == "DELETE" => Answer::ok("[]"),
        _ => Answer::Status(404, String::new()),
    })
}

#[test]
fn raw_requests() {
    let server = server();
    let cases: &[(&[&str], &str, &str)] = &[
        (&["-u", "/settings"], "GET /settings", "{\"motd\":\"hi\"}\n"),
        (
            &["raw", "-u", "/settings"],
            "GET /settings",
            "{\"motd\":\"hi\"}\n",
        ),
        (
            &["-u", "/settings", "-m", "PATCH", "-d", r#"{"motd":"hi"}"#],
            "PATCH /settings",
            "",
        ),
        (
            &["-u", "/settings", "-X", "patch", "-d", "{}"],
            "PATCH /settings",
            "",
        ),
        (
            &["-u", "/tx/commit_and_apply", "-m", "POST"],
            "POST /tx/commit_and_apply",
            "[\"settings.motd\"]\n",
        ),
    ];
    for (arguments, line, stdout) in cases {
        let ran = run(&server, arguments);
        assert_eq!(ran, (0, stdout.to_string(), String::new()), "{arguments:?}");
        assert_eq!(server.lines().last().unwrap(), line, "{arguments:?}");
    }
    assert_eq!(server.requests()[2].body, r#"{"motd":"hi"}"#);
    let (code, stdout, stderr) = run(&server, &["-v", "-u", "/settings"]);
    assert_eq!((code, stdout.as_str()), (0, "{\"motd\":\"hi\"}\n"));
    assert!(
        stderr.contains("GET /settings") && stderr.contains("200"),
        "{stderr}"
    );
}

#[test]
fn get_merges_prefixes() {
    let server = server();
    let cases: &[(&[&str], &str)] = &[
        (
            &["get"],
            "{\n  \"os\": {\n    \"arch\": \"x86_64\"\n  },\n  \"settings\": {\n    \"motd\": \"hi\"\n  }\n}\n",
        ),
        (
            &["get", "settings.ntp", "settings"],
            "{\n  \"settings\": {\n    \"motd\": \"hi\",\n    \"ntp\": {\n      \"options\": []\n    }\n  }\n}\n",
        ),
        (&["get", "/settings"], "{\n  \"motd\": \"hi\"\n}\n"),
        (
            &["status"],
            "{\n  \"degraded\": false,\n  \"reasons\": []\n}\n",
        ),
        (&["reboot"], ""),
    ];
    for (arguments, stdout) in cases {
        let ran = run(&server, arguments);
        assert_eq!(ran, (0, stdout.to_string(), String::new()), "{arguments:?}");
    }
}

#[test]
fn what_begins_no_key_is_empty() {
    let server = server();
    let hint = "hint: keys are written in full here: `settings.motd`\n";
    for (prefix, stderr) in [("motd", hint), ("settings.nope", "")] {
        let ran = run(&server, &["get", prefix]);
        assert_eq!(ran, (0, "{}\n".to_owned(), stderr.to_owned()));
    }
}

/// Checks that the last requests filled, and committed, one transaction whose
/// name starts with `prefix`.
fn assert_one_transaction(server: &FakeServer, bodies: &[&str], prefix: &str) {
    let requests = server.requests();
    let last = &requests[requests.len() - bodies.len() - 1..];
    let (commit, patches) = last.split_last().unwrap();
    let transaction = commit
        .target
        .strip_prefix("/tx/commit_and_apply?tx=")
        .unwrap();
    assert!(transaction.starts_with(prefix), "{transaction}");
    for (patch, body) in patches.iter().zip(bodies) {
        assert_eq!(patch.line(), format!("PATCH /settings?tx={transaction}"));
        assert_eq!(patch.body, *body);
    }
}

#[test]
fn set_and_apply_use_one_transaction_and_say_what_changed() {
    let server = server();
    let cases: &[(&[&str], &str)] = &[
        (
            &["set", "motd=hi there", "settings.ntp.options=[]"],
            r#"{"motd":"hi there","ntp":{"options":[]}}"#,
        ),
        (
            &["set", r#"kernel.sysctl."a.b"="1""#],
            r#"{"kernel":{"sysctl":{"a.b":"1"}}}"#,
        ),
        (&["set", "-j", r#"{"motd":"x"}"#], r#"{"motd":"x"}"#),
        (
            &["set", "--json", r#"{"settings":{"motd":"x"}}"#],
            r#"{"motd":"x"}"#,
        ),
    ];
    let mut names = Vec::new();
    for (arguments, body) in cases {
        assert_eq!(run(&server, arguments), changed_motd(), "{arguments:?}");
        assert_one_transaction(&server, &[body], "apiclient-set-");
        names.push(server.lines().last().unwrap().clone());
    }
    names.sort();
    names.dedup();
    assert_eq!(
        names.len(),
        cases.len(),
        "each has a name of its own: {names:?}"
    );

    let toml = "[settings]\nmotd = \"from TOML\"\n";
    let file = server.path().join("user-data.toml");
    std::fs::write(&file, toml).unwrap();
    let file = file.to_str().unwrap();
    let url = format!("file://{file}");
    let from_toml = r#"{"motd":"from TOML"}"#;
    let from_json = r#"{"ntp":{}}"#;
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["apply"], toml, &[from_toml]),
        (&["apply", "-"], r#"{"settings":{"ntp":{}}}"#, &[from_json]),
        (&["apply", file], "", &[from_toml]),
        (
            &["apply", &url, "-"],
            r#"{"settings":{"ntp":{}}}"#,
            &[from_toml, from_json],
        ),
    ];
    for (arguments, input, bodies) in cases {
        let ran = run_with_input(&server.socket(), arguments, input);
        assert_eq!(ran, changed_motd(), "{arguments:?}");
        assert_one_transaction(&server, bodies, "apiclient-apply-");
    }
}

#[test]
fn failures_are_explained_and_leave_nothing_pending() {
    let server = server();
    let bad = "[settings]\n\n[settings.bad]\nx = 1\n";
    let cases: &[(&[&str], &str, &str)] = &[
        (
            &["set", "bad.x=1"],
            "",
            "error: settings.bad: unknown field `bad` (PATCH /settings: status 400)\n\
             hint: did you mean `bat`?\n",
        ),
        (
            &["apply"],
            bad,
            "error: standard input:3:11: settings.bad: unknown field `bad`\n  |\n\
             3 | [settings.bad]\n  |           ^\nhint: did you mean `bat`?\n",
        ),
    ];
    for (arguments, input, stderr) in cases {
        let ran = run_with_input(&server.socket(), arguments, input);
        assert_eq!(ran, (1, String::new(), stderr.to_string()), "{arguments:?}");
        let last = server.lines().last().unwrap().clone();
        assert!(last.starts_with("DELETE /tx?tx=apiclient-"), "{last}");
    }
}

#[test]
fn what_is_wrong_with_the_input_is_never_sent() {
    let server = server();
    let cases: &[(&[&str], &str, i32, &str)] = &[
        (&[], "", 2, "error: give a command, or a path with --uri\n"),
        (
            &["-u", "/settings", "get"],
            "",
            2,
            "error: --uri, --method and --data go with `raw`, or with no command\n",
        ),
        (
            &["get", "/settings", "os"],
            "",
            2,
            "error: give one path, or any number of prefixes\n",
        ),
        (
            &["set"],
            "",
            2,
            "error: the following required arguments were not provided:\n",
        ),
        (&["set", "a=1", "-j", "{}"], "", 2, "error: the argument "),
        (
            &["frobnicate"],
            "",
            2,
            "error: unrecognized subcommand 'frobnicate'\n",
        ),
        (
            &["--log-level", "loud", "get"],
            "",
            2,
            "error: invalid value 'loud' for '--log-level",
        ),
        (
            &["set", "motd"],
            "",
            1,
            "error: `motd` is not KEY=VALUE\nhint: for example ",
        ),
        (
            &["set", "a..b=1"],
            "",
            1,
            "error: invalid key `a..b`: a name in it is empty\n",
        ),
        (
            &["set", "a=1", "a.b=1"],
            "",
            1,
            "error: `a` and `a.b` cannot both be set\n",
        ),
        (
            &["set", "a=[1"],
            "",
            1,
            "error: the value of `a` is not a JSON list: ",
        ),
        (
            &["set", "-j", "{"],
            "",
            1,
            "error: invalid JSON: EOF while parsing an object at line 1",
        ),
        (
            &["set", "-j", r#"{"a":1,"a":2}"#],
            "",
            1,
            "error: invalid JSON: the name `a` occurs twice",
        ),
        (
            &["apply"],
            "[settings]\nmotd = hi\n",
            1,
            "error: standard input:2:8: invalid TOML: string values must be quoted, expected \
             literal string\n  |\n2 | motd = hi\n  |        ^\n",
        ),
        (
            &["apply", "/nonexistent"],
            "",
            1,
            "error: failed to open /nonexistent: No such file",
        ),
        (
            &["apply", "/"],
            "",
            1,
            "error: failed to read /: Is a directory",
        ),
        (
            &["apply", "s3://bucket/user-data"],
            "",
            1,
            "error: nothing is known about sources that begin with `s3://`\nhint: give a file, ",
        ),
        (
            &["apply"],
            "x = 1",
            1,
            "error: standard input:1:1: `x` is not allowed here",
        ),
    ];
    for (arguments, input, code, stderr) in cases {
        let ran = run_with_input(&server.socket(), arguments, input);
        assert_eq!(
            (ran.0, ran.1.as_str()),
            (*code, ""),
            "{arguments:?}: {}",
            ran.2
        );
        assert!(ran.2.starts_with(stderr), "{arguments:?}: {}", ran.2);
    }
    assert_eq!(server.lines(), Vec::<String>::new());
}

#[test]
fn without_a_server_it_says_so() {
    let ran = run_with_input(Path::new("/nonexistent/api.sock"), &["get"], "");
    assert_eq!((ran.0, ran.1.as_str()), (1, ""));
    assert!(
        ran.2.starts_with(
            "error: failed to connect to the API server at /nonexistent/api.sock: No such file or \
             directory (os error 2)\nhint: is this a Bottlerocket node"
        ),
        "{}",
        ran.2
    );
}

#[test]
fn unknown_paths_are_explained() {
    let (code, stdout, stderr) = run(&server(), &["-u", "/nope"]);
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert_eq!(
        stderr,
        "error: the API has no such path or method (GET /nope: status 404)\n"
    );
}

#[test]
fn help_and_version_are_data() {
    for argument in ["--help", "--version", "help"] {
        let (code, stdout, stderr) = run(&server(), &[argument]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{argument}");
        assert!(stdout.contains("apiclient"), "{argument}");
    }
}
