//! `apiclient update`, on a node that goes from state to state.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::process::Command;
use std::sync::Mutex;

use fake_http_server::{Answer, FakeServer, Request};
use serde_json::{Value, json};

/// Exit code, standard output, standard error.
fn run(server: &FakeServer, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_apiclient"))
        .arg("--socket-path")
        .arg(server.socket())
        .arg("update")
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// A node whose state each action changes; `offer` is what the repository has.
#[derive(Default)]
struct FakeNode {
    offer: Option<&'static str>,
    state: &'static str,
    chosen: Option<&'static str>,
    staged: Option<&'static str>,
    last: &'static str,
    error: &'static str,
    polls: u32,
}

impl FakeNode {
    fn answer(&mut self, line: &str) -> Answer {
        match line {
            "GET /updates/status" if self.last.is_empty() => {
                Answer::Status(404, r#"{"error":"nothing was asked"}"#.to_owned())
            }
            "GET /updates/status" => Answer::ok(self.status().to_string()),
            "GET /updates/progress" => {
                self.polls += 1;
                let download = json!({"version": "1.1.0", "done": self.polls, "total": 2});
                match (self.last, self.polls) {
                    ("prepare", 1 | 2) => {
                        Answer::ok(json!({"running": true, "download": download}).to_string())
                    }
                    _ => Answer::ok(r#"{"running":false}"#),
                }
            }
            "POST /actions/refresh-updates" => {
                self.chosen = self.offer;
                self.state = match (self.state, self.offer) {
                    ("Staged" | "Ready", _) => self.state,
                    (_, Some(_)) => "Available",
                    (_, None) => "Idle",
                };
                self.begin("refresh")
            }
            "POST /actions/prepare-update" => {
                (self.state, self.staged) = ("Staged", self.chosen);
                self.begin("prepare")
            }
            "POST /actions/activate-update" => {
                self.state = "Ready";
                self.begin("activate")
            }
            "POST /actions/deactivate-update" if self.state != "Ready" => Answer::Status(
                409,
                r#"{"error":"deactivate is not allowed while the state of updates is Idle"}"#
                    .to_owned(),
            ),
            "POST /actions/deactivate-update" => {
                self.state = "Staged";
                self.begin("deactivate")
            }
            "POST /actions/rollback-update" => {
                (self.state, self.staged) = ("Ready", Some("0.9.0"));
                self.begin("rollback")
            }
            "POST /actions/reboot" => Answer::nothing(),
            _ => Answer::Status(404, String::new()),
        }
    }

    fn begin(&mut self, command: &'static str) -> Answer {
        (self.last, self.polls) = (command, 0);
        Answer::nothing()
    }

    fn status(&self) -> Value {
        let system = |v: &str| json!({"arch": "x86_64", "version": v, "variant": "metal-dev"});
        let mut status = json!({
            "update_state": self.state,
            "available_updates": [],
            "chosen_update": self.chosen.map(system),
            "active_partition": null,
            "staging_partition":
                self.staged.map(|v| json!({"image": system(v), "next_to_boot": false})),
            "most_recent_command": {
                "cmd_type": self.last,
                "cmd_status": if self.error.is_empty() { "Success" } else { "Failed" },
                "timestamp": "2026-01-02T03:04:05Z",
                "exit_status": i32::from(!self.error.is_empty()),
                "stderr": self.error,
            },
        });
        if self.chosen.is_none() {
            status["no_update_reason"] = "1.0.0 is the newest version there is".into();
        }
        status
    }
}

fn server(node: FakeNode) -> FakeServer {
    let node = Mutex::new(node);
    FakeServer::start(move |request: &Request| node.lock().unwrap().answer(&request.line()))
}

fn actions(server: &FakeServer) -> Vec<String> {
    let lines = server.lines();
    let posts = lines
        .iter()
        .filter_map(|line| line.strip_prefix("POST /actions/"));
    posts.map(str::to_owned).collect()
}

#[test]
fn apply_goes_all_the_way_from_wherever_the_node_is() {
    let all = ["refresh-updates", "prepare-update", "activate-update"];
    let node = |state, chosen, staged, last| FakeNode {
        offer: Some("1.1.0"),
        state,
        chosen,
        staged,
        last,
        ..FakeNode::default()
    };
    let (old, new) = (Some("1.0.5"), Some("1.1.0"));
    let cases: [(FakeNode, &[&str], &[&str]); 8] = [
        (node("Idle", None, None, ""), &["apply"], &all),
        (node("Idle", None, None, "refresh"), &["apply"], &all),
        (
            node("Available", new, None, "refresh"),
            &["apply"],
            &all[1..],
        ),
        (node("Staged", new, new, "prepare"), &["apply"], &all[2..]),
        (node("Staged", None, old, "prepare"), &["apply"], &all[2..]),
        (
            node("Staged", old, old, "prepare"),
            &["apply", "--check"],
            &all,
        ),
        (node("Ready", new, new, "activate"), &["apply"], &[]),
        (
            node("Ready", old, old, "activate"),
            &["apply", "-c", "-r"],
            &[
                "refresh-updates",
                "deactivate-update",
                "prepare-update",
                "activate-update",
                "reboot",
            ],
        ),
    ];
    for (node, arguments, expected) in cases {
        let about = format!("{arguments:?} in {} with {:?}", node.state, node.staged);
        let server = server(node);
        let (code, output, errors) = run(&server, arguments);
        assert_eq!((code, errors.as_str()), (0, ""), "{about}");
        assert_eq!(actions(&server), expected, "{about}");
        let last: Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
        assert_eq!(last["update_state"], "Ready", "{about}");
    }
}

#[test]
fn progress_is_lines_of_json_where_nobody_looks() {
    let node = || FakeNode {
        offer: Some("1.1.0"),
        ..FakeNode::default()
    };
    let (_, output, _) = run(&server(node()), &["apply"]);
    let lines: Vec<Value> = output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let download = |done| json!({"version": "1.1.0", "done": done, "total": 2});
    assert_eq!(
        lines[..2],
        [1, 2].map(|n| json!({"action": "prepare-update", "download": download(n)}))
    );
    assert_eq!(lines.len(), 3);
    let (code, output, errors) = run(&server(node()), &["apply", "--output", "table"]);
    assert_eq!(
        (code, output.as_str()),
        (0, "1.1.0 boots next: apiclient reboot\n")
    );
    assert!(
        errors.contains("\r1.1.0 [====================  "),
        "{errors}"
    );
}

#[test]
fn nothing_to_do_is_no_failure() {
    let idle = server(FakeNode::default());
    let (code, output, errors) = run(&idle, &["apply", "-o", "table"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(output, "1.0.0 is the newest version there is\n");
    assert_eq!(actions(&idle), ["refresh-updates"]);
    let (code, output, _) = run(&idle, &["check"]);
    assert_eq!(code, 0);
    assert!(output.contains("\"update_state\": \"Idle\""), "{output}");
}

#[test]
fn what_fails_says_why() {
    for step in ["check", "apply", "rollback"] {
        let broken = server(FakeNode {
            offer: Some("1.1.0"),
            error: "the disk is full; hint: empty it",
            ..FakeNode::default()
        });
        let (code, output, errors) = run(&broken, &[step]);
        let command = if step == "rollback" {
            "rollback"
        } else {
            "refresh"
        };
        assert_eq!((code, output.as_str()), (1, ""), "{step}");
        assert_eq!(
            errors,
            format!("error: failed to {command}: the disk is full\nhint: empty it\n")
        );
    }
    let idle = server(FakeNode {
        state: "Idle",
        last: "refresh",
        ..FakeNode::default()
    });
    let (code, _, errors) = run(&idle, &["cancel"]);
    assert_eq!(code, 1);
    assert!(errors.contains("deactivate is not allowed"), "{errors}");
    assert!(errors.ends_with("hint: 1.0.0 is the newest version there is\n"));
}

#[test]
fn a_way_back_is_taken_and_taken_back() {
    let node = server(FakeNode::default());
    let (code, _, errors) = run(&node, &["rollback", "--reboot"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let (code, output, _) = run(&node, &["cancel", "-o", "table"]);
    assert_eq!(code, 0);
    assert_eq!(output, "this system boots next, as before\n");
    assert_eq!(
        actions(&node),
        ["rollback-update", "reboot", "deactivate-update"]
    );
    let (code, output, _) = run(&node, &["status", "-o", "table"]);
    assert_eq!(code, 0);
    assert!(output.contains("\"Staged\""), "{output}");
}
