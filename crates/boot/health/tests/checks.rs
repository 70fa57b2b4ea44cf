//! Whole runs of `health-check` with things that work, and that do not.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::ExitCode;

use fake_http_server::{Answer, FakeServer, FakeTcpServer};

/// A node whose units are all as `state` says.
struct Node {
    folder: tempfile::TempDir,
    api: FakeServer,
    web: FakeTcpServer,
}

impl Node {
    fn new(state: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let systemctl = folder.path().join("systemctl");
        fs::write(&systemctl, format!("#!/bin/sh\necho {state}\n")).unwrap();
        fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
        let web = FakeTcpServer::start(|request| match request.target.as_str() {
            "/healthz?deep" => Answer::nothing(),
            _ => Answer::Status(503, String::new()),
        });
        let api = FakeServer::start(|request| match request.method.as_str() {
            "GET" => Answer::ok("{}"),
            _ => Answer::nothing(),
        });
        Self { folder, api, web }
    }

    fn check(&self, config: &str) -> ExitCode {
        let config = config.replace("WEB", &self.web.address().to_string());
        let file = self.folder.path().join("health-checks.toml");
        fs::write(&file, config).unwrap();
        let path = |name: &str| self.folder.path().join(name).into_os_string();
        health::main(vec![
            "health-check".into(),
            "--config".into(),
            file.into(),
            "--socket-path".into(),
            self.api.socket().into(),
            "--systemctl".into(),
            path("systemctl"),
        ])
    }

    /// The problems that were reported.
    fn problems(&self) -> Vec<String> {
        let requests = self.api.requests();
        let problems = requests
            .iter()
            .filter(|r| r.line() == "POST /status/problem");
        problems.map(|r| r.body.clone()).collect()
    }
}

fn code(code: ExitCode) -> String {
    format!("{code:?}")
}

#[test]
fn what_works_passes() {
    let node = Node::new("active");
    let checks = "
        [health-checks.web]
        url = 'http://WEB/healthz?deep'
        [health-checks.kubelet]
        unit = 'kubelet.service'
        [health-checks.mine]
        command = ['/bin/sh', '-c', 'exit 0']
        timeout = '10s'
    ";
    for config in [checks, ""] {
        assert_eq!(code(node.check(config)), code(ExitCode::SUCCESS));
        assert_eq!(node.problems(), [""; 0]);
    }
    fs::remove_file(node.folder.path().join("health-checks.toml")).unwrap();
}

#[test]
fn what_does_not_work_is_reported() {
    let node = Node::new("active");
    let cases = [
        (
            "url = 'http://WEB/healthz'",
            "/healthz answers 503 Service Unavailable",
        ),
        ("url = 'http://127.0.0.1:1/'", "Connection refused"),
        (
            "command = ['/bin/sh', '-c', 'echo no >&2; exit 3']",
            "/bin/sh ended with exit status: 3: no",
        ),
        (
            "command = ['/usr/bin/nothing']",
            "failed to run /usr/bin/nothing: No such file",
        ),
        ("command = ['/bin/sleep', '100']", "there was no answer"),
    ];
    for (number, (check, reason)) in cases.into_iter().enumerate() {
        let config = format!("[health-checks.mine]\n{check}\ntimeout = '300ms'\n");
        assert_eq!(
            code(node.check(&config)),
            code(ExitCode::FAILURE),
            "{check}"
        );
        let problems = node.problems();
        assert_eq!(problems.len(), number + 1);
        let problem = &problems[number];
        assert!(problem.contains("mine did not pass in 0 s: "), "{problem}");
        assert!(problem.contains(reason), "{check}: {problem}");
    }
}

#[test]
fn checks_that_make_no_sense_fail() {
    let node = Node::new("active");
    for config in ["[", "[health-checks.a]\n", "[health-checks.a]\nunit = 5\n"] {
        assert_eq!(
            code(node.check(config)),
            code(ExitCode::FAILURE),
            "{config}"
        );
    }
}

#[tokio::test]
async fn a_unit_has_to_be_active() {
    for (state, passes) in [("active", true), ("activating", false), ("failed", false)] {
        let node = Node::new(state);
        let check = health::Check {
            name: "unit".to_owned(),
            way: health::Way::Unit {
                unit: "a.service".to_owned(),
                systemctl: node.folder.path().join("systemctl"),
            },
            timeout: std::time::Duration::from_millis(300),
        };
        let failures = health::try_all(vec![check]).await;
        assert_eq!(failures.is_empty(), passes, "{failures:?}");
        if !passes {
            assert_eq!(
                failures,
                [format!("unit did not pass in 0 s: a.service is {state}")]
            );
        }
    }
}
