//! Stands in for the agent of Amazon ECS: reads what the agent reads, and does with
//! Docker's engine what the agent does. It says what it was configured with, then either
//! `ready` or what went wrong, and stays.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const SOCKET: &str = "/var/run/docker.sock";
/// A program of the image that needs no C library, for a container.
const PROGRAM: &str = "/usr/bin/apiclient";

fn main() {
    let mut settings: Vec<String> = std::env::vars()
        .filter(|(name, _)| name.starts_with("ECS_") || name.starts_with("AWS_"))
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    settings.sort();
    println!("started with {}", settings.join(" "));
    match work() {
        Ok(()) => println!("ready"),
        Err(error) => println!("failed: {error:#}"),
    }
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn work() -> Result<()> {
    let data = std::env::var("ECS_DATADIR").context("ECS_DATADIR")?;
    fs::write(format!("{data}/agent.db"), "state").context(data)?;

    let info: Value = serde_json::from_slice(&ask("GET", "/info", &[])?)?;
    for (field, expected) in [
        ("Driver", "overlay2"),
        ("CgroupDriver", "systemd"),
        ("LoggingDriver", "journald"),
    ] {
        ensure!(info[field] == expected, "{field} is {}", info[field]);
    }
    let options = info["SecurityOptions"].as_array().cloned();
    let with_selinux = options.unwrap_or_default().contains(&json!("name=selinux"));
    ensure!(with_selinux, "{}", info["SecurityOptions"]);

    let mut root = tar::Builder::new(Vec::new());
    root.append_path_with_name(PROGRAM, "program")?;
    ask(
        "POST",
        "/images/create?fromSrc=-&repo=task",
        &root.into_inner()?,
    )?;
    let container = json!({
        "Image": "task",
        "Cmd": ["/program", "--version"],
        "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "8080"}]}, "Init": true},
        "ExposedPorts": {"80/tcp": {}},
    });
    let body = serde_json::to_vec(&container)?;
    ask("POST", "/containers/create?name=task", &body)?;
    ask("POST", "/containers/task/start", &[])?;
    let ended: Value = serde_json::from_slice(&ask("POST", "/containers/task/wait", &[])?)?;
    ensure!(ended["StatusCode"] == 0, "the container: {ended}");
    let inspected: Value = serde_json::from_slice(&ask("GET", "/containers/task/json", &[])?)?;
    println!("label {}", inspected["ProcessLabel"]);
    let limits = &inspected["HostConfig"]["Ulimits"];
    println!("limits {limits}");
    ask("DELETE", "/containers/task?v=1", &[])?;

    let rules = run("/usr/sbin/iptables", &["-t", "nat", "-S"])?;
    ensure!(
        rules.contains("169.254.170.2/32") && rules.contains("127.0.0.1:51679"),
        "{rules}"
    );
    for (name, wanted) in [("all/route_localnet", "1"), ("all/forwarding", "1")] {
        let path = format!("/proc/sys/net/ipv4/conf/{name}");
        let found = fs::read_to_string(&path).context(path)?;
        ensure!(found.trim() == wanted, "{name} is {}", found.trim());
    }
    Ok(())
}

/// One request of Docker's API.
fn ask(method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
    let mut socket = UnixStream::connect(SOCKET).context(SOCKET)?;
    let kind = match body.first() {
        Some(b'{') => "application/json",
        _ => "application/x-tar",
    };
    write!(
        socket,
        "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )?;
    socket.write_all(body)?;
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    let end = text.find("\r\n\r\n").context("no answer")?;
    let status = text.split(' ').nth(1).unwrap_or_default();
    ensure!(status.starts_with('2'), "{method} {path}: {text}");
    Ok(answer[end + 4..].to_vec())
}

fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| program.to_owned())?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments:?}: {text}");
    Ok(String::from_utf8(output.stdout)?)
}
