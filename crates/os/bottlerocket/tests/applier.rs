//! Whole runs of the applet `settings-applier`: standard input and output are
//! the socket that it serves.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use fake_api_server::{Answer, FakeServer};

struct Node {
    api: FakeServer,
    root: tempfile::TempDir,
}

/// A node whose `systemctl` only writes down what it is told, and fails for
/// what is called `fails`.
fn node(settings: &str, fails: &str) -> Node {
    let root = tempfile::tempdir().unwrap();
    let settings = settings.to_owned();
    let systemctl = root.path().join("bin/systemctl");
    fs::create_dir(root.path().join("bin")).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$* [$CHANGED_SETTINGS]\" >> {}\ncase \"$*\" in *{fails}*) exit 1;; esac\n",
        root.path().join("restarts").display()
    );
    fs::write(&systemctl, script).unwrap();
    fs::set_permissions(&systemctl, fs::Permissions::from_mode(0o755)).unwrap();
    let variant = "platform = 'metal'\nsettings = ['motd', 'ntp', 'kernel', 'network']\n";
    fs::write(root.path().join("variant.toml"), variant).unwrap();
    let api = FakeServer::start(move |request| match request.line().as_str() {
        "GET /settings" => Answer::ok(settings.clone()),
        "POST /status/problem" => Answer::nothing(),
        _ => Answer::Status(404, String::new()),
    });
    Node { api, root }
}

impl Node {
    /// Exit code, standard output, standard error.
    fn run(&self, socket: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
        let path = format!("{}:/usr/bin:/bin", self.root.path().join("bin").display());
        let mut child = Command::new(env!("CARGO_BIN_EXE_bottlerocket"))
            .args(["settings-applier", "--root"])
            .arg(self.root.path())
            .arg("--socket-path")
            .arg(socket)
            .arg("--variant-path")
            .arg(self.root.path().join("variant.toml"))
            .args(arguments)
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that reads no request may be gone by now.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    fn ask(&self, request: &str) -> (i32, String, String) {
        self.run(&self.api.socket(), &[], request)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap_or_default()
    }
}

#[test]
fn requests_are_answered_with_what_was_done() {
    let node = node(
        r#"{"motd":"hi","network":{"hostname":"node-1"}}"#,
        "nothing-fails",
    );
    let (code, answer, _) =
        node.ask("{\"keys\":[\"settings.network.hostname\",\"settings.motd\"]}\n");
    assert_eq!(
        answer,
        concat!(
            r#"{"files":[{"path":"/etc/hostname","changed":true,"error":null},"#,
            r#"{"path":"/etc/hosts","changed":true,"error":null},"#,
            r#"{"path":"/etc/motd","changed":true,"error":null}],"#,
            r#""services":[{"name":"hostname","restarted":true,"error":null},"#,
            r#"{"name":"hosts","restarted":false,"error":null},"#,
            r#"{"name":"motd","restarted":false,"error":null}]}"#,
            "\n"
        )
    );
    assert_eq!(code, 0);
    assert_eq!(node.read("etc/hostname"), "node-1\n");
    assert_eq!(
        node.read("restarts"),
        "restart set-hostname.service [settings.network.hostname settings.motd]\n"
    );

    let (code, answer, _) = node.ask("{\"keys\":null}");
    assert_eq!(code, 0);
    assert!(
        answer.contains(r#"{"path":"/etc/hostname","changed":false,"error":null}"#),
        "{answer}"
    );
    let restarts = node.read("restarts");
    let restarts: Vec<_> = restarts.lines().skip(1).collect();
    assert_eq!(
        restarts,
        [
            "try-restart systemd-timesyncd.service []",
            "restart kernel-settings.service []"
        ]
    );
}

#[test]
fn at_boot_files_are_written_and_nothing_is_restarted() {
    let node = node(r#"{"motd":"hi"}"#, "nothing-fails");
    let (code, stdout, _) = node.run(&node.api.socket(), &["--all"], "");
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert_eq!(node.read("etc/motd"), "hi\n");
    assert!(
        node.root
            .path()
            .join("etc/sysctl.d/90-settings.conf")
            .exists()
    );
    assert!(!node.root.path().join("restarts").exists());
    assert_eq!(node.api.lines(), ["GET /settings"]);
}

#[test]
fn a_file_that_cannot_be_rendered_does_not_stop_the_boot() {
    let node = node(
        r#"{"motd":"hi","network":{"hostname":"hush hush"}}"#,
        "nothing-fails",
    );
    let (code, _, stderr) = node.run(&node.api.socket(), &["--all"], "");
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(node.read("etc/motd"), "hi\n");
    assert_eq!(
        node.api.lines(),
        [
            "GET /settings",
            "POST /status/problem",
            "POST /status/problem"
        ]
    );
    let problem = &node.api.requests()[1].body;
    assert!(
        problem.contains("/etc/hostname is not up to date: template `hostname`, line 3"),
        "{problem}"
    );
    assert!(
        !problem.contains("hush") && !stderr.contains("hush"),
        "{problem} {stderr}"
    );
}

#[test]
fn failures_are_in_the_answer_and_in_the_exit_code() {
    let broken = node(r#"{"network":{"hostname":"node-1"}}"#, "set-hostname");
    let nowhere = broken.root.path().join("nowhere.sock");
    let cases = [
        (
            broken.ask("{\"keys\":[\"settings.network.hostname\"]}"),
            r#"{"name":"hostname","restarted":false,"error":"`systemctl restart set-hostname.service` failed (exit status: 1)"}"#,
        ),
        (
            broken.ask("{\"keys\":[\"settings..motd\"]}"),
            r#"{"files":[],"services":[],"error":"failed to read the request: invalid key `.motd`: a name in it is empty"}"#,
        ),
        (
            broken.ask(""),
            r#""error":"failed to read the request: it is not a request: "#,
        ),
        (
            broken.run(&nowhere, &[], "{\"keys\":null}"),
            r#""error":"failed to read the settings: failed to connect to the API server at "#,
        ),
    ];
    for ((code, answer, stderr), expected) in cases {
        assert_eq!(code, 1, "{stderr}");
        assert!(answer.contains(expected), "{answer}");
        assert!(stderr.contains("ERROR"), "{stderr}");
    }
    let (code, stdout, stderr) = broken.run(&nowhere, &["--all"], "");
    assert_eq!((code, stdout.as_str()), (1, ""));
    assert!(stderr.contains("failed to read the settings: "), "{stderr}");
}

/// Whether a process waits for the lock of a file, by its inode number.
fn is_waited_for(inode: u64) -> bool {
    let suffix = format!(":{inode} 0 EOF");
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|line| line.contains("->") && line.ends_with(&suffix))
}

#[test]
fn two_at_once_take_turns() {
    let node = node(r#"{"motd":"hi"}"#, "nothing-fails");
    let etc = node.root.path().join("etc");
    fs::create_dir(&etc).unwrap();
    let folder = fs::File::open(&etc).unwrap();
    folder.lock().unwrap();
    std::thread::scope(|scope| {
        let second = scope.spawn(|| node.ask("{\"keys\":[\"settings.motd\"]}"));
        while !is_waited_for(folder.metadata().unwrap().ino()) {
            assert!(!second.is_finished(), "it did not wait");
            std::thread::yield_now();
        }
        // Settings are only read when it is its turn.
        assert_eq!(node.api.lines(), Vec::<String>::new());
        folder.unlock().unwrap();
        assert_eq!(second.join().unwrap().0, 0);
    });
    assert_eq!(node.read("etc/motd"), "hi\n");
}

#[test]
fn a_restart_may_wait_for_another_applier() {
    let node = node(r#"{"network":{"hostname":"node-1"}}"#, "nothing-fails");
    // As a service that is ordered after the applier of the boot.
    let script = format!(
        "#!/bin/sh\nexec {} settings-applier --all --root {root} --socket-path {} \
         --variant-path {root}/variant.toml\n",
        env!("CARGO_BIN_EXE_bottlerocket"),
        node.api.socket().display(),
        root = node.root.path().display(),
    );
    fs::write(node.root.path().join("bin/systemctl"), script).unwrap();
    let (code, _, stderr) = node.ask("{\"keys\":[\"settings.network.hostname\"]}");
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(node.api.lines(), ["GET /settings", "GET /settings"]);
}
