//! The applets with each other: the API server, the settings applier behind
//! its socket, and early-boot-config.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use apiclient::{Client, Layer};
use fake_systemd::{FakeManager, Outcome};
use serde_json::{Value, json};

const VARIANT: &str = include_str!("../../../../conf/variants/metal-dev.toml");

const OS_RELEASE: &str = "\
ID=bottlerocket
PRETTY_NAME=\"Bottlerocket OS 1.0.0 (metal)\"
VERSION_ID=1.0.0
BUILD_ID=0123abc
VARIANT_ID=metal
";

fn applet(name: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bottlerocket"));
    command.arg(name);
    command
}

/// An API server on a folder of its own, and what systemd does for it.
struct Node {
    folder: tempfile::TempDir,
    server: Child,
    manager: FakeManager,
    /// How each settings applier ended.
    appliers: Receiver<ExitStatus>,
}

impl Node {
    fn start() -> Self {
        Self::of_variant(VARIANT)
    }

    fn of_variant(variant: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["datastore", "root", "bin"] {
            fs::create_dir(path(name)).unwrap();
        }
        fs::write(path("os-release"), OS_RELEASE).unwrap();
        fs::write(path("variant.toml"), variant).unwrap();
        let script = |name: &str, text: String| {
            fs::write(path(name), format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
        };
        let program = env!("CARGO_BIN_EXE_bottlerocket");
        let socket = path("api.sock");
        for name in ["bork", "shibaken"] {
            script(
                &format!("bin/{name}"),
                format!("exec {program} {name} \"$@\""),
            );
        }
        script(
            "bin/schnauzer",
            format!(
                "exec {program} schnauzer --socket-path {} \"$@\"",
                socket.display()
            ),
        );

        let manager = FakeManager::start(|_| Outcome::Ends("done"));
        let appliers = serve_appliers(folder.path().to_owned(), manager.socket());
        let ready = UnixDatagram::bind(path("notify.sock")).unwrap();
        // One that cannot start says why, and never says that it is ready.
        ready
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let server = applet("apiserver")
            .arg("--datastore-path")
            .arg(path("datastore"))
            .arg("--socket-path")
            .arg(path("api.sock"))
            .arg("--applier-socket")
            .arg(path("applier.sock"))
            .arg("--os-release-path")
            .arg(path("os-release"))
            .arg("--variant-path")
            .arg(path("variant.toml"))
            .env("NOTIFY_SOCKET", path("notify.sock"))
            .spawn()
            .unwrap();
        let mut message = [0; 64];
        let length = ready.recv(&mut message).unwrap();
        assert_eq!(&message[..length], b"READY=1");
        Self {
            folder,
            server,
            manager,
            appliers,
        }
    }

    fn client(&self) -> Client {
        Client::new(self.folder.path().join("api.sock"))
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).unwrap_or_default()
    }

    fn boot(&self, name: &str, arguments: &[&str]) {
        let status = applet(name)
            .args(arguments)
            .arg("--root")
            .arg(self.root())
            .arg("--socket-path")
            .arg(self.folder.path().join("api.sock"))
            .env_remove("CREDENTIALS_DIRECTORY")
            .status()
            .unwrap();
        assert!(status.success(), "{name}: {status}");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Gone already if the test failed because of that.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A socket unit with `Accept=yes`: one settings applier for each connection,
/// which is its standard input and output.
fn serve_appliers(folder: PathBuf, manager: PathBuf) -> Receiver<ExitStatus> {
    let listener = UnixListener::bind(folder.join("applier.sock")).unwrap();
    let (ended, appliers) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = OwnedFd::from(stream.unwrap());
            let status = applet("settings-applier")
                .arg("--root")
                .arg(folder.join("root"))
                .arg("--socket-path")
                .arg(folder.join("api.sock"))
                .arg("--variant-path")
                .arg(folder.join("variant.toml"))
                .arg("--bus-socket")
                .arg(&manager)
                .stdin(stream.try_clone().unwrap())
                .stdout(stream)
                .status()
                .unwrap();
            if ended.send(status).is_err() {
                return;
            }
        }
    });
    appliers
}

fn is_root(path: &Path) -> bool {
    fs::metadata(path).unwrap().uid() == 0
}

#[test]
fn a_committed_change_reaches_files_and_services() {
    let node = Node::start();
    let client = node.client();
    let variant = node.folder.path().join("variant.toml");
    let variant = variant.to_str().unwrap();
    node.boot("settings-applier", &["--all", "--variant-path", variant]);
    assert_eq!(node.read("root/etc/motd"), "Welcome to Bottlerocket!\n");
    assert_eq!(node.read("root/etc/hostname"), "");

    let change = json!({"motd": "hi", "network": {"hostname": "node-1"}});
    client.patch_settings(&change, "t", Layer::Api).unwrap();
    let keys = client.commit_and_apply("t").unwrap();
    assert_eq!(keys, ["settings.motd", "settings.network.hostname"]);
    assert!(node.appliers.recv().unwrap().success());
    assert_eq!(node.read("root/etc/motd"), "hi\n");
    assert_eq!(node.read("root/etc/hostname"), "node-1\n");
    assert_eq!(
        node.manager.asked(),
        ["RestartUnit set-hostname.service replace"]
    );

    // The server reads the last bytes of the answer when it gets to it.
    let applied = loop {
        let status: Value = client.get("/status").unwrap();
        if !status["last-apply"].is_null() {
            break status["last-apply"].clone();
        }
        thread::yield_now();
    };
    assert_eq!(applied["keys"], json!(keys));
    assert_eq!(applied["error"], Value::Null);
    let motd = json!({"path": "/etc/motd", "changed": true, "error": null});
    assert!(
        applied["files"].as_array().unwrap().contains(&motd),
        "{applied}"
    );

    let all: Value = client.get("/?prefix=settings.motd").unwrap();
    assert_eq!(all, json!({"settings": {"motd": "hi"}}));
}

#[test]
fn user_data_is_in_force_after_the_first_boot() {
    let node = Node::start();
    let client = node.client();
    let user_data = node.root().join("local/user-data-overrides.toml");
    let marker = node
        .root()
        .join("var/lib/bottlerocket/early-boot-config.ran");
    let command_line = node.root().join("proc/cmdline");
    for file in [&user_data, &command_line] {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
    }
    fs::write(command_line, "quiet").unwrap();
    fs::write(
        &user_data,
        "[settings]\nmotd = 'hi'\n\n[settings.ntp]\ntime-server = ['a']\n",
    )
    .unwrap();
    node.boot("early-boot-config", &[]);
    assert!(!marker.exists());
    assert_eq!(
        client.settings().unwrap()["motd"],
        "Welcome to Bottlerocket!"
    );
    assert_eq!(client.get::<Value>("/tx/list").unwrap(), json!([]));
    if !is_root(&user_data) {
        // The layer of user data, and reasons to be degraded, are for root.
        return;
    }
    let status: Value = client.get("/status").unwrap();
    assert_eq!(status["degraded"], true);
    let reason = status["reasons"][0].as_str().unwrap();
    assert!(
        reason.contains("overrides.toml:5:1: settings.ntp.time-server: unknown field"),
        "{reason}"
    );

    fs::write(
        &user_data,
        "[settings]\nmotd = 'hi'\n\n[settings.ntp]\ntime-servers = ['a']\n",
    )
    .unwrap();
    node.boot("early-boot-config", &[]);
    assert!(marker.exists());
    let settings = client.settings().unwrap();
    assert_eq!(settings["motd"], "hi");
    assert_eq!(settings["ntp"]["time-servers"], json!(["a"]));

    // What is set through the API is not undone by the next boot.
    client
        .patch_settings(&json!({"motd": "other"}), "t", Layer::Api)
        .unwrap();
    client.commit("t").unwrap();
    node.boot("early-boot-config", &[]);
    assert_eq!(client.settings().unwrap()["motd"], "other");
}

#[test]
fn what_nobody_has_set_is_generated_in_order_and_once() {
    let node = Node::of_variant(include_str!("../../../../conf/variants/aws-k8s.toml"));
    let client = node.client();
    if !is_root(node.folder.path()) {
        // The layer of generated settings is for root.
        return;
    }
    let generate = || {
        let path = format!("{}:/usr/bin:/bin", node.folder.path().join("bin").display());
        let status = applet("sundog")
            .arg("--socket-path")
            .arg(node.folder.path().join("api.sock"))
            .env("PATH", path)
            .status();
        assert!(status.unwrap().success());
        client.settings().unwrap()
    };
    // Without a region there is nothing to make the images' names of.
    let settings = generate();
    let seed = settings["updates"]["seed"].clone();
    assert!(seed.as_u64().is_some_and(|seed| seed < 2048), "{seed}");
    assert!(settings["host-containers"]["admin"]["source"].is_null());
    let status: Value = client.get("/status").unwrap();
    assert_eq!(status["degraded"], false, "{status}");

    let region = json!({"aws": {"region": "eu-central-1"}});
    client
        .patch_settings(&region, "t", Layer::UserData)
        .unwrap();
    client.commit("t").unwrap();
    let settings = generate();
    let source = |settings: &Value| settings["host-containers"]["admin"]["source"].clone();
    let expected = "328549459982.dkr.ecr.eu-central-1.amazonaws.com/bottlerocket-admin:v0.11.16";
    assert_eq!(source(&settings), expected);
    assert_eq!(settings["updates"]["seed"], seed);
    let provenance: Value = client
        .get("/settings?provenance=true&keys=host-containers.admin.source")
        .unwrap();
    let layer = &provenance["settings.host-containers.admin.source"]["layer"];
    assert_eq!(layer, "generated");

    // What somebody has set stays; what was made of other settings follows them.
    let change = json!({
        "aws": {"region": "us-west-2"},
        "host-containers": {"control": {"source": "r.example.com/control:v1"}},
    });
    client.patch_settings(&change, "t", Layer::Api).unwrap();
    client.commit("t").unwrap();
    let settings = generate();
    assert!(source(&settings).as_str().unwrap().contains("us-west-2"));
    assert_eq!(
        settings["host-containers"]["control"]["source"],
        "r.example.com/control:v1"
    );
}
