//! The containers that the image carries: control, which is on, and admin, which user
//! data turns on. They need no registry.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dev_protocol::Run;
use end_to_end_tests::registry::succeed;
use end_to_end_tests::{BOOT, Image, denials, disk, machine, through_firmware};
use vm::{Channel, Forward, Network, Node, UserData};

use super::{ADMIN, CONTROL, PAUSE, printed};

/// What logs must not tell.
const SECRET: &str = "no-log-may-tell-this";

/// Runs a program on the node; its output, and its exit code.
fn run(channel: &Channel, command: &[&str]) -> Result<(String, i32)> {
    let ran = channel.run(Run {
        argv: command.iter().map(|&word| word.to_owned()).collect(),
        timeout_seconds: Some(120),
        ..Run::default()
    })?;
    let output = [ran.stdout.0, ran.stderr.0].concat();
    Ok((String::from_utf8_lossy(&output).into_owned(), ran.exit))
}

/// Runs a command in a container, through the API; its output, and whether it succeeded.
fn exec(channel: &Channel, target: &str, command: &[&str]) -> Result<(String, bool)> {
    let program = ["/usr/bin/apiclient", "exec", "-T", target];
    let (output, code) = run(channel, &[&program, command].concat())?;
    Ok((output, code == 0))
}

fn succeeds(channel: &Channel, target: &str, command: &[&str]) -> Result<String> {
    let (output, succeeded) = exec(channel, target, command)?;
    ensure!(succeeded, "{target}: {command:?}: {output}");
    Ok(output.trim_end().to_owned())
}

/// A container of the orchestrator's runtime that asked for no label is a privileged one,
/// and sees of the host what it is given.
fn orchestrated(channel: &Channel) -> Result<()> {
    let ctr = |arguments: &[&str]| -> Result<String> {
        let command = [&["/usr/bin/ctr"], arguments].concat();
        let ran = channel.run(Run {
            argv: command.iter().map(|&word| word.to_owned()).collect(),
            context: Some("system_u:system_r:runtime_t:s0".to_owned()),
            timeout_seconds: Some(120),
            ..Run::default()
        })?;
        let output = format!("{}{}", ran.stdout.text(), ran.stderr.text());
        ensure!(ran.exit == 0, "ctr {arguments:?}: {output}");
        Ok(output)
    };
    let archive = "/usr/share/host-containers/bottlerocket-control.tar";
    ctr(&["images", "import", archive])?;
    let image = "localhost/bottlerocket-control:latest";
    let script = "cat /proc/self/attr/current; echo; ls -d /run/api.sock /.bottlerocket 2>&1; \
                  touch /tmp/mine && echo mine";
    let run = [
        "run",
        "--rm",
        "--net-host",
        image,
        "pod",
        "/usr/bin/sh",
        "-c",
        script,
    ];
    let said = ctr(&run)?;
    // The kernel ends a label with a NUL.
    let ends = |c: char| c.is_whitespace() || c == '\0';
    let lines: Vec<&str> = said.lines().map(|line| line.trim_matches(ends)).collect();
    assert_eq!(lines[0], "system_u:system_r:privileged_t:s0", "{said}");
    assert_eq!(said.matches("No such file").count(), 2, "{said}");
    ensure!(lines.contains(&"mine"), "{said}");
    let plugins = ctr(&["plugins", "list"])?;
    let cri = plugins
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some("cri"));
    ensure!(cri.is_some_and(|line| line.contains(" ok")), "{plugins}");
    Ok(())
}

/// A key of SSH, and the user data that lets its owner in.
fn key() -> Result<(PathBuf, String)> {
    let folder = end_to_end_tests::workspace().join("build/end-to-end/admin-key");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let key = folder.join("key");
    let mut keygen = Command::new("ssh-keygen");
    succeed(
        keygen
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key),
    )?;
    let public = fs::read_to_string(key.with_extension("pub"))?;
    let text = format!(
        "{{\"ssh\": {{\"authorized-keys\": [\"{}\"]}}}}",
        public.trim()
    );
    Ok((key, STANDARD.encode(text)))
}

#[test]
fn the_node_is_entered_through_the_containers_that_it_carries() -> Result<()> {
    let image = Image::find()?;
    let (key, access) = key()?;
    let mut options = machine(&image, "own-containers", through_firmware())?;
    options.disk = disk(&image, 5);
    let user_data = format!(
        "[settings.host-containers.admin]\nenabled = true\nuser-data = \"{access}\"\n\
         [settings.container-registry]\ncredentials = [{{registry = \"a.example\", \
         username = \"a\", password = \"{SECRET}\"}}]\n"
    );
    options.user_data = Some(UserData::FirmwareConfiguration(user_data.into()));
    // Free a moment ago; nobody else takes ports here.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    options.network = Some(Network {
        forwards: vec![Forward {
            host: port,
            guest: 22,
        }],
        ..Network::default()
    });
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    let control = "there is no agent; there is `apiclient exec control`";
    let text = printed(channel, CONTROL, &format!("INFO {control}"), 1)?;
    ensure!(text.contains("of this node"), "{text}");
    printed(channel, ADMIN, "INFO ssh lets `ec2-user` in", 1)?;

    // Commands, by the API: each in the domain of its container, with its own code.
    let label = succeeds(channel, "control", &["cat", "/proc/self/attr/current"])?;
    ensure!(
        label.starts_with("system_u:system_r:control_t:s0:c"),
        "{label}"
    );
    let label = succeeds(channel, "admin", &["cat", "/proc/self/attr/current"])?;
    ensure!(label.starts_with("system_u:system_r:super_t:s0"), "{label}");
    let failing = [
        "/usr/bin/apiclient",
        "exec",
        "control",
        "sh",
        "-c",
        "exit 7",
    ];
    assert_eq!(run(channel, &failing)?.1, 7);
    let terminal = [
        "/usr/bin/apiclient",
        "exec",
        "-t",
        "control",
        "sh",
        "-c",
        "test -t 0 && test -t 1",
    ];
    assert_eq!(run(channel, &terminal)?, (String::new(), 0));
    let network = "cat /etc/bottlerocket-release /etc/hosts /etc/resolv.conf";
    let network = succeeds(channel, "control", &["sh", "-c", network])?;
    ensure!(
        network.contains("ID=bottlerocket") && network.contains("localhost"),
        "{network}"
    );
    let (said, succeeded) = exec(channel, "nothing", &["true"])?;
    ensure!(
        !succeeded && said.contains("these run: admin, control"),
        "{said}"
    );
    let variant = ["apiclient", "get", "os.variant_id"];
    ensure!(succeeds(channel, "control", &variant)?.contains("metal-dev"));

    // The host, which has no shell.
    let host = "cat /proc/1/comm; readlink /proc/self/ns/mnt; readlink /proc/1/ns/mnt; \
                systemctl is-active apiserver.service; cat /etc/hostname 2>&1; type ls";
    let host = succeeds(channel, "admin", &["sheltie", "sh", "-c", host])?;
    let lines: Vec<&str> = host.lines().collect();
    assert_eq!(lines[0], "systemd", "{host}");
    assert_eq!(lines[1], lines[2], "{host}");
    assert_eq!(lines[3], "active", "{host}");
    let (said, succeeded) = exec(channel, "control", &["sheltie"])?;
    ensure!(!succeeded, "{said}");
    let logdog = succeeds(channel, "admin", &["sheltie", "logdog"])?;
    ensure!(
        logdog.contains("/var/log/support/bottlerocket-logs.tar.gz"),
        "{logdog}"
    );

    // Logs without secrets, from afar.
    let unpack = "cd /tmp && apiclient logs --file - | tar xz && cd bottlerocket-logs && \
                  cat errors && ls && cat settings.json journal.log | wc -c";
    let logs = succeeds(channel, "admin", &["sh", "-c", unpack])?;
    for name in ["settings.json", "journal.log", "network.txt", "units.txt"] {
        ensure!(logs.lines().any(|line| line == name), "{logs}");
    }
    ensure!(!logs.contains("failed to"), "{logs}");
    // The first shows that what is there is found.
    for (text, is_told) in [("metal-dev", true), (SECRET, false), (&access, false)] {
        let grep = ["grep", "-rqF", text, "/tmp/bottlerocket-logs"];
        let (said, found) = exec(channel, "admin", &grep)?;
        assert_eq!(found, is_told, "{text}: {said}");
    }

    // SSH, for those who know it.
    let ssh = |command: &str| {
        let mut ssh = Command::new("ssh");
        ssh.args(["-q", "-p", &port.to_string(), "-i"])
            .arg(&key)
            .args([
                "-o",
                "StrictHostKeyChecking=no",
                "-o",
                "UserKnownHostsFile=/dev/null",
                "-o",
                "BatchMode=yes",
                "ec2-user@127.0.0.1",
                command,
            ]);
        ssh.output()
            .context("failed to run ssh; hint: apt-get install openssh-client")
    };
    // It listens from when on the container runs, or soon after.
    let deadline = Instant::now() + Duration::from_secs(30);
    let entered = loop {
        let entered = ssh("sudo sheltie cat /proc/1/comm")?;
        if entered.status.success() || Instant::now() > deadline {
            break entered;
        }
        std::thread::sleep(PAUSE);
    };
    let text = String::from_utf8_lossy(&entered.stdout).into_owned();
    ensure!(
        entered.status.success() && text.trim() == "systemd",
        "{entered:?}"
    );

    orchestrated(channel)?;
    let denied = denials(channel)?;
    ensure!(denied.is_empty(), "{denied:#?}");
    Ok(())
}
