//! Whole runs of the applet `settings-applier`: standard input and output are
//! the socket that it serves.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Stdio};

use fake_http_server::{Answer, FakeServer};
use fake_systemd::{FakeManager, Outcome};

struct Node {
    api: FakeServer,
    manager: FakeManager,
    root: tempfile::TempDir,
}

/// A node whose service manager only remembers what it is asked for. What comes
/// of a job hangs on the node's root and the unit.
fn node(settings: &str, outcome: fn(&Path, &str) -> Outcome) -> Node {
    let root = tempfile::tempdir().unwrap();
    let settings = settings.to_owned();
    let variant = "platform = 'metal'\nsettings = ['motd', 'ntp', 'kernel', 'network']\n";
    fs::write(root.path().join("variant.toml"), variant).unwrap();
    let api = FakeServer::start(move |request| match request.line().as_str() {
        "GET /settings" => Answer::ok(settings.clone()),
        "POST /status/problem" => Answer::nothing(),
        _ => Answer::Status(404, String::new()),
    });
    let manager = {
        let root = root.path().to_owned();
        FakeManager::start(move |unit| outcome(&root, unit))
    };
    Node { api, manager, root }
}

fn all_well(_: &Path, _: &str) -> Outcome {
    Outcome::Ends("done")
}

impl Node {
    /// Exit code, standard output, standard error.
    fn run(&self, socket: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bottlerocket"))
            .args(["settings-applier", "--root"])
            .arg(self.root.path())
            .arg("--socket-path")
            .arg(socket)
            .arg("--variant-path")
            .arg(self.root.path().join("variant.toml"))
            .arg("--bus-socket")
            .arg(self.manager.socket())
            .args(arguments)
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
    let node = node(r#"{"motd":"hi","network":{"hostname":"node-1"}}"#, all_well);
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
        node.manager.asked(),
        ["RestartUnit set-hostname.service replace"]
    );

    let (code, answer, _) = node.ask("{\"keys\":null}");
    assert_eq!(code, 0);
    assert!(
        answer.contains(r#"{"path":"/etc/hostname","changed":false,"error":null}"#),
        "{answer}"
    );
    assert_eq!(
        node.manager.asked()[1..],
        [
            "RestartUnit kernel-modules.service replace",
            "RestartUnit kernel-lockdown.service replace",
            "TryRestartUnit systemd-timesyncd.service replace",
            "RestartUnit kernel-settings.service replace",
        ]
    );
}

#[test]
fn at_boot_files_are_written_and_nothing_is_restarted() {
    let node = node(r#"{"motd":"hi"}"#, all_well);
    let (code, stdout, _) = node.run(&node.api.socket(), &["--all"], "");
    assert_eq!((code, stdout.as_str()), (0, ""));
    assert_eq!(node.read("etc/motd"), "hi\n");
    assert!(
        node.root
            .path()
            .join("etc/sysctl.d/90-settings.conf")
            .exists()
    );
    assert_eq!(node.manager.asked(), [] as [&str; 0]);
    assert_eq!(node.api.lines(), ["GET /settings"]);
}

#[test]
fn a_file_that_cannot_be_rendered_does_not_stop_the_boot() {
    let node = node(
        r#"{"motd":"hi","network":{"hostname":"hush hush"}}"#,
        all_well,
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
    let broken = node(
        r#"{"network":{"hostname":"node-1"}}"#,
        |_, unit| match unit {
            "set-hostname.service" => Outcome::Ends("failed"),
            _ => Outcome::Ends("done"),
        },
    );
    let nowhere = broken.root.path().join("nowhere.sock");
    let cases = [
        (
            broken.ask("{\"keys\":[\"settings.network.hostname\"]}"),
            r#"{"name":"hostname","restarted":false,"error":"the job for set-hostname.service ended with `failed`"}"#,
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
    let node = node(r#"{"motd":"hi"}"#, all_well);
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
    // As a service that is ordered after the applier of the boot: it is that
    // one's turn.
    let node = node(r#"{"network":{"hostname":"node-1"}}"#, |root, _| {
        let etc = fs::File::open(root.join("etc")).unwrap();
        match etc.try_lock() {
            Ok(()) => Outcome::Ends("done"),
            Err(_) => Outcome::Ends("dependency"),
        }
    });
    let (code, _, stderr) = node.ask("{\"keys\":[\"settings.network.hostname\"]}");
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(
        node.manager.asked(),
        ["RestartUnit set-hostname.service replace"]
    );
}
