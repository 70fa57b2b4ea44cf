//! Stands in for kubelet, which is not to be had everywhere: reads what kubelet reads,
//! and does with the node what kubelet does. It says what it was started with, then
//! either `ready` or what went wrong, and stays.

mod cri;
mod pods;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const POD: &str = "/var/lib/kubelet/pods/0b4a/volumes/secret";
const LOGS: &str = "/var/log/pods/default_app_0b4a";
const CGROUP: &str = "/sys/fs/cgroup/kubepods.slice";

fn main() -> Result<()> {
    if let Some(done) = pods::part() {
        return done;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("started with {}", arguments.join(" "));
    match work(&arguments) {
        Ok(()) => println!("ready"),
        Err(error) => println!("failed: {error:#}"),
    }
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn work(arguments: &[String]) -> Result<()> {
    let value = |name: &str| {
        let wanted = arguments
            .iter()
            .find_map(|a| a.strip_prefix(name)?.strip_prefix('='));
        wanted.with_context(|| format!("there is no {name}"))
    };
    let config = json(value("--config")?)?;
    ensure!(config["kind"] == "KubeletConfiguration", "{config}");
    let pods = config["staticPodPath"].as_str().context("staticPodPath")?;
    let names = fs::read_dir(pods).context(pods.to_owned())?;
    let mut names: Vec<_> = names
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    println!("static pods: {}", names.join(" "));

    let kubeconfig = json(value("--kubeconfig")?)?;
    let authority = &kubeconfig["clusters"][0]["cluster"]["certificate-authority"];
    let authority = authority.as_str().context("certificate-authority")?;
    let certificate = fs::read_to_string(authority).context(authority.to_owned())?;
    ensure!(
        certificate.starts_with("-----BEGIN CERTIFICATE"),
        "{certificate}"
    );
    println!(
        "token of {}",
        token(&kubeconfig["users"][0]["user"]["exec"])?
    );
    let providers = value("--image-credential-provider-bin-dir")?;
    let provider = Path::new(providers).join("ecr-credential-provider");
    ensure!(provider.exists(), "{} is missing", provider.display());

    let endpoint = config["containerRuntimeEndpoint"]
        .as_str()
        .unwrap_or_default();
    let socket = endpoint.strip_prefix("unix://").context("no socket")?;
    UnixStream::connect(socket).context(socket.to_owned())?;

    // Keys, volumes, logs, checkpoints.
    fs::create_dir_all("/var/lib/kubelet/pki")?;
    fs::write("/var/lib/kubelet/pki/kubelet.key", "secret").context("pki")?;
    fs::write("/var/lib/kubelet/cpu_manager_state", "{}").context("state")?;
    fs::create_dir_all(POD).context("pod")?;
    run(
        "/usr/bin/mount",
        &["-t", "tmpfs", "-o", "size=1m", "tmpfs", POD],
    )?;
    fs::write(Path::new(POD).join("token"), "secret").context("volume")?;
    run("/usr/bin/umount", &[POD])?;
    fs::create_dir_all(LOGS).context("logs")?;
    fs::write(Path::new(LOGS).join("0.log"), "line\n").context("log")?;

    // What it makes of the node's resources.
    fs::create_dir_all(CGROUP).context("cgroup")?;
    fs::write(Path::new(CGROUP).join("cpu.weight"), "39").context("cpu.weight")?;
    fs::remove_dir(CGROUP).context("cgroup")?;
    let mut messages = fs::File::open("/dev/kmsg").context("/dev/kmsg")?;
    let read = messages.read(&mut [0; 8192]).context("/dev/kmsg")?;
    ensure!(read > 0, "the kernel says nothing");
    for (name, wanted) in [
        ("vm/overcommit_memory", "1"),
        ("vm/panic_on_oom", "0"),
        ("kernel/panic", "10"),
        ("kernel/panic_on_oops", "1"),
        ("kernel/keys/root_maxkeys", "1000000"),
        ("kernel/keys/root_maxbytes", "25000000"),
    ] {
        let path = Path::new("/proc/sys").join(name);
        let found = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(found.trim() == wanted, "{name} is {}", found.trim());
    }
    pods::work(socket).context("pods")?;
    std::io::stdout().flush()?;
    Ok(())
}

fn json(path: &str) -> Result<Value> {
    let text = fs::read_to_string(path).context(path.to_owned())?;
    serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))
}

/// Runs the program that says who the node is, as kubelet does.
fn token(exec: &Value) -> Result<String> {
    let program = exec["command"].as_str().context("no command")?;
    let arguments = exec["args"].as_array().context("no arguments")?;
    let arguments: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
    let credential: Value = serde_json::from_str(&run(program, &arguments)?)?;
    ensure!(
        credential["apiVersion"] == exec["apiVersion"],
        "{credential}"
    );
    let token = credential["status"]["token"].as_str().context("no token")?;
    let (kind, _) = token.split_once('.').context("no prefix")?;
    Ok(kind.to_owned())
}

fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| program.to_owned())?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {arguments:?}: {text}");
    Ok(String::from_utf8(output.stdout)?)
}
