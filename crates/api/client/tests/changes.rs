//! Commands about changes: `unset`, `diff`, `check`, `history`, `rollback`,
//! and where a value comes from. Each in the formats it can print.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::process::Command;

use fake_http_server::{Answer, FakeServer, Request};
use serde_json::{Value, json};

/// Exit code, standard output, standard error.
fn run(server: &FakeServer, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_apiclient"))
        .arg("--socket-path")
        .arg(server.socket())
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn changes() -> Value {
    json!([{"key": "settings.motd", "before": null, "after": "hi", "layer": "api"}])
}

fn check_outcome() -> Value {
    json!({
        "changes": changes(),
        "files": [
            {"path": "/etc/motd", "name": "motd", "changed": true, "diff": "-old\n+hi\n"},
            {"path": "/etc/hosts", "name": "hosts", "changed": false},
        ],
        "services": [{"name": "motd", "restart-commands": ["systemctl restart motd"]}],
    })
}

fn provenance() -> Value {
    json!({
        "settings.motd": {
            "value": "hi",
            "layer": "api",
            "time": "2026-01-02T03:04:05Z",
            "transaction": "t",
            "who": "uid 0",
            "covers": [{"layer": "default", "value": "old"}],
        },
        "settings.updates.seed": {"value": 7, "layer": "generated"},
    })
}

fn history() -> Value {
    json!([
        {"number": 2, "time": "2026-01-02T03:04:05Z", "transaction": "t", "who": "uid 0",
         "keys": ["settings.motd", "settings.ntp"], "current": true},
        {"number": 1, "time": "2026-01-01T00:00:00Z", "transaction": "boot", "who": "uid 0",
         "keys": [], "current": false, "damaged": "its checksum is wrong"},
    ])
}

fn refusal(status: u16, error: &str) -> Answer {
    Answer::Status(status, json!({ "error": error }).to_string())
}

/// Has `motd` set, and something pending in the transaction `default` alone.
fn server() -> FakeServer {
    FakeServer::start(|request: &Request| {
        // Names of transactions are random.
        let line = request.line().replace(
            request.target.split("apiclient-").nth(1).unwrap_or("\0"),
            "*",
        );
        match line.as_str() {
            "DELETE /settings?keys=motd&tx=apiclient-*" => Answer::ok(r#"["settings.motd"]"#),
            "DELETE /settings?keys=motd%2Cntp&tx=apiclient-*" => {
                refusal(400, "settings.ntp: it cannot be unset")
            }
            "DELETE /settings?keys=ntp&tx=apiclient-*" => Answer::ok("[]"),
            "POST /tx/commit_and_apply?tx=apiclient-*" => Answer::ok(r#"["settings.motd"]"#),
            "DELETE /tx?tx=apiclient-*" => Answer::ok("[]"),
            "PATCH /settings?tx=apiclient-*" => Answer::nothing(),
            "GET /tx/diff?tx=default" => Answer::ok(changes().to_string()),
            "GET /tx/diff?tx=empty" => Answer::ok("[]"),
            "POST /tx/check?tx=default" | "POST /tx/check?tx=apiclient-*" => {
                Answer::ok(check_outcome().to_string())
            }
            "POST /tx/check?tx=empty" => refusal(422, "nothing is pending"),
            "GET /settings?provenance=true" => Answer::ok(provenance().to_string()),
            "GET /history" => Answer::ok(history().to_string()),
            "POST /history/1/rollback" => Answer::ok(r#"["settings.motd"]"#),
            "POST /history/9/rollback" => refusal(404, "there is no generation 9"),
            _ => refusal(404, &line),
        }
    })
}

#[test]
fn data_is_printed_as_asked() {
    let server = server();
    let changes_table =
        "KEY            BEFORE  AFTER  LAYER\nsettings.motd  -       \"hi\"   api\n";
    let check_table = format!(
        "{changes_table}\nPATH       NAME\n/etc/motd  motd\n\
         \nNAME  RESTART-COMMANDS\nmotd  [\"systemctl restart motd\"]\n\n-old\n+hi\n"
    );
    let newest = "NUMBER  CURRENT  TIME                  WHO    TRANSACTION  KEYS                        DAMAGED\n\
                  2       true     2026-01-02T03:04:05Z  uid 0  t            settings.motd settings.ntp  -\n";
    let history_table = format!(
        "{newest}1       false    2026-01-01T00:00:00Z  uid 0  boot                                     \
         its checksum is wrong\n"
    );
    let seed = "KEY                    VALUE  LAYER      TIME  WHO  TRANSACTION\n\
                settings.updates.seed  7      generated  -     -    -\n";
    let indented = |value: &Value| format!("{value:#}\n");
    let cases: &[(&[&str], String)] = &[
        (&["diff"], changes_table.to_owned()),
        (&["diff", "--output", "json"], indented(&changes())),
        (
            &["diff", "-o", "toml"],
            "[[diff]]\nafter = \"hi\"\nkey = \"settings.motd\"\nlayer = \"api\"\n".to_owned(),
        ),
        (&["check"], check_table.clone()),
        (&["check", "motd=hi"], check_table),
        (&["check", "-o", "json"], indented(&check_outcome())),
        (&["history"], history_table),
        (&["history", "1"], newest.to_owned()),
        (&["history", "0", "-o", "json"], "[]\n".to_owned()),
        (&["history", "-o", "json"], indented(&history())),
        (&["get", "--provenance"], indented(&provenance())),
        (
            &["get", "--provenance", "settings.updates", "-o", "table"],
            seed.to_owned(),
        ),
    ];
    for (arguments, stdout) in cases {
        let (code, found, stderr) = run(&server, arguments);
        assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
        assert_eq!(found, *stdout, "{arguments:?}");
    }
}

#[test]
fn changes_are_made_and_named() {
    let server = server();
    let changed = "changed settings.motd\n";
    let nothing = "nothing changed\n";
    let refused = "error: settings.ntp: it cannot be unset (DELETE /settings: status 400)\n";
    let pending = "nothing is pending in transaction `empty`\n";
    let no_pending = "error: nothing is pending (POST /tx/check: status 422)\n\
                      hint: give settings to try, such as `motd=Hello`\n";
    let unknown = "error: there is no generation 9 (POST /history/9/rollback: status 404)\n\
                   hint: `apiclient history` lists those that are kept\n";
    // Requests by their method and path.
    let cases: &[(&[&str], i32, &str, &[&str])] = &[
        (
            &["unset", "motd"],
            0,
            changed,
            &["DELETE /settings", "POST /tx/commit_and_apply"],
        ),
        (
            &["unset", "settings.motd"],
            0,
            changed,
            &["DELETE /settings", "POST /tx/commit_and_apply"],
        ),
        // What is not set need not be committed.
        (
            &["unset", "ntp"],
            0,
            nothing,
            &["DELETE /settings", "DELETE /tx"],
        ),
        (
            &["unset", "motd", "ntp"],
            1,
            refused,
            &["DELETE /settings", "DELETE /tx"],
        ),
        (
            &["unset", "a..b"],
            1,
            "error: invalid key `a..b`: a name in it is empty\n",
            &[],
        ),
        (&["diff", "--tx", "empty"], 0, pending, &["GET /tx/diff"]),
        (
            &["check", "--tx", "empty"],
            1,
            no_pending,
            &["POST /tx/check"],
        ),
        // A try leaves nothing behind.
        (
            &["check", "motd=hi"],
            0,
            "",
            &["PATCH /settings", "POST /tx/check", "DELETE /tx"],
        ),
        (
            &["rollback", "1"],
            0,
            changed,
            &["POST /history/1/rollback"],
        ),
        (
            &["rollback", "9"],
            1,
            unknown,
            &["POST /history/9/rollback"],
        ),
    ];
    for (arguments, code, stderr, requests) in cases {
        let before = server.lines().len();
        let (found, _, said) = run(&server, arguments);
        assert_eq!((found, said.as_str()), (*code, *stderr), "{arguments:?}");
        let lines = server.lines().split_off(before);
        let paths: Vec<_> = lines
            .iter()
            .map(|line| line.split('?').next().unwrap_or(line))
            .collect();
        assert_eq!(paths, *requests, "{arguments:?}");
        // All of one command is about one transaction.
        let mut transactions: Vec<_> = lines
            .iter()
            .filter_map(|line| line.split("tx=").nth(1))
            .collect();
        transactions.dedup();
        assert!(transactions.len() <= 1, "{arguments:?}: {lines:?}");
    }
}

#[test]
fn generations_and_transactions_are_checked_on_the_command_line() {
    let server = server();
    let cases: &[&[&str]] = &[
        &["rollback"],
        &["rollback", "-1"],
        &["rollback", "../1"],
        &["history", "many"],
        &["unset"],
        &["check", "motd=hi", "--tx", "t"],
        &["diff", "-o", "xml"],
    ];
    for arguments in cases {
        let (code, stdout, stderr) = run(&server, arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.starts_with("error: "), "{arguments:?}: {stderr}");
    }
    assert!(server.lines().is_empty());
}
