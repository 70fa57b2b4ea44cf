//! The applet as a process: arguments, sockets, signals, logs.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::Node;

const PROGRAM: &str = env!("CARGO_BIN_EXE_apiserver");

/// A process that is being started has copies of all descriptors until its
/// exec, those of another test included: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Started {
    child: Child,
    notifications: UnixDatagram,
}

impl Started {
    /// Starts a command for a node and waits until it is ready.
    fn new(node: &Node, command: &mut Command) -> Started {
        let path = node.path("notify.sock");
        let _ = std::fs::remove_file(&path);
        let notifications = UnixDatagram::bind(&path).unwrap();
        notifications
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let child = command
            .arg("--datastore-path")
            .arg(node.path("datastore"))
            .arg("--socket-path")
            .arg(node.path("api.sock"))
            .arg("--os-release-path")
            .arg(node.path("os-release"))
            .arg("--variant-path")
            .arg(node.path("variant.toml"))
            .env("NOTIFY_SOCKET", &path)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let started = Started {
            child,
            notifications,
        };
        started.expect("READY=1");
        started
    }

    fn expect(&self, state: &str) {
        let mut received = [0; 64];
        let length = self.notifications.recv(&mut received).unwrap();
        assert_eq!(std::str::from_utf8(&received[..length]), Ok(state));
    }

    /// Asks it to stop; returns what it has logged.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        self.expect("STOPPING=1");
        assert!(self.child.wait().unwrap().success());
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        log
    }
}

impl Drop for Started {
    /// A test that failed leaves no server behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(node: &Node, request: &str) -> String {
    use std::io::Write;
    let mut stream = UnixStream::connect(node.path("api.sock")).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const PATCH: &str = "PATCH /settings?tx=t HTTP/1.1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 25\r\n\r\n{\"motd\": \"a secret word\"}\r\n";

const COMMIT: &str = "POST /tx/commit?tx=t HTTP/1.1\r\nConnection: close\r\n\r\n";

#[test]
fn it_makes_its_socket_logs_who_changes_what_and_stops() {
    let _alone = alone();
    let node = Node::new();
    // A socket that is left over, and one that was not finished.
    for left_over in ["api.sock", "api.sock.new"] {
        drop(UnixListener::bind(node.path(left_over)).unwrap());
    }
    let gid = std::fs::metadata(node.folder.path()).unwrap().gid();
    let started = Started::new(
        &node,
        Command::new(PROGRAM)
            .arg("--socket-gid")
            .arg(gid.to_string()),
    );
    let socket = std::fs::metadata(node.path("api.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o7777, 0o660);
    assert_eq!(socket.gid(), gid);
    assert!(!node.path("api.sock.new").exists());

    assert!(ask(&node, PATCH).starts_with("HTTP/1.1 204 "));
    assert!(ask(&node, COMMIT).starts_with("HTTP/1.1 200 "));
    let log = started.stop();
    let uid = std::fs::metadata(node.path("api.sock")).unwrap().uid();
    let pid = std::process::id();
    for expected in [
        format!(
            "INFO audit: staged uid={uid} gid={gid} pid={pid} tx=\"t\" layer=\"api\" keys=\"settings.motd\""
        ),
        format!(
            "INFO audit: committed uid={uid} gid={gid} pid={pid} tx=\"t\" keys=\"settings.motd\""
        ),
    ] {
        assert!(log.contains(&expected), "{expected}\nnot in\n{log}");
    }
    assert!(!log.contains("secret"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");

    // What it has committed is there for the next one.
    let started = Started::new(&node, &mut Command::new(PROGRAM));
    let answer = ask(&node, "GET /settings HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(answer.contains("\"motd\":\"a secret word\""), "{answer}");
    started.stop();
}

#[test]
fn it_takes_the_socket_that_systemd_passes() {
    let _alone = alone();
    let node = Node::new();
    let listener = UnixListener::bind(node.path("api.sock")).unwrap();
    // As systemd does: the socket is descriptor 3, the process is named.
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "exec 3<&0 </dev/null; export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$@\"",
            "sh",
            PROGRAM,
        ])
        .stdin(Stdio::from(OwnedFd::from(listener)));
    let started = Started::new(&node, &mut command);
    assert!(
        ask(&node, "GET /os HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200 ")
    );
    drop(command);
    started.stop();
    assert!(UnixStream::connect(node.path("api.sock")).is_err());
}

#[test]
fn it_ends_with_a_code_that_says_why() {
    let _alone = alone();
    let node = Node::new();
    let datastore = node.path("datastore");
    let datastore = datastore.to_str().unwrap();
    let os_release = node.path("os-release");
    let variant = node.path("variant.toml");
    let variant = variant.to_str().unwrap();
    let os_release = os_release.to_str().unwrap();
    let nowhere = node.path("no/where");
    let nowhere = nowhere.to_str().unwrap();
    for (arguments, code, output) in [
        (&["--help"][..], 0, "Usage: apiserver"),
        (&["--version"], 0, "apiserver "),
        (&[], 2, "--datastore-path <FOLDER>"),
        (&["--unknown"], 2, "unexpected argument '--unknown'"),
        (
            &["--datastore-path", datastore, "--log-level", "loud"],
            2,
            "invalid value 'loud'",
        ),
        (
            &["--datastore-path", datastore, "--socket-gid", "api"],
            2,
            "invalid value 'api'",
        ),
        (
            &["--datastore-path", datastore, "--os-release-path", nowhere],
            1,
            "failed to read ",
        ),
        (
            &[
                "--datastore-path",
                os_release,
                "--os-release-path",
                os_release,
                "--variant-path",
                variant,
            ],
            1,
            "failed to open the settings: failed to create ",
        ),
        (
            &[
                "--datastore-path",
                datastore,
                "--os-release-path",
                os_release,
                "--variant-path",
                variant,
                "--socket-path",
                nowhere,
            ],
            1,
            "failed to make the socket ",
        ),
    ] {
        let ended = Command::new(PROGRAM).args(arguments).output().unwrap();
        let found = [ended.stdout, ended.stderr].concat();
        let found = String::from_utf8(found).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {found}");
        assert!(found.contains(output), "{arguments:?}: {found}");
        assert!(
            found.matches("os error").count() <= 1,
            "{arguments:?}: {found}"
        );
    }
}

#[test]
fn one_server_has_the_settings() {
    let _alone = alone();
    let node = Node::new();
    let started = Started::new(&node, &mut Command::new(PROGRAM));
    let second = Command::new(PROGRAM)
        .arg("--datastore-path")
        .arg(node.path("datastore"))
        .arg("--os-release-path")
        .arg(node.path("os-release"))
        .arg("--variant-path")
        .arg(node.path("variant.toml"))
        .arg("--socket-path")
        .arg(node.path("api.sock"))
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let log = String::from_utf8(second.stderr).unwrap();
    assert!(log.contains("are in use by another process"), "{log}");
    // The first one still has the socket too.
    assert!(
        ask(&node, "GET /os HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200 ")
    );
    started.stop();
}
