//! Pods, with containerd's client in the place of its interface for kubelet: one that
//! brings the network, as those of clusters do, and a privileged one that is in it.
//!
//! This program is all that is in them. It is the plugin that the first one brings, too.

use std::env;
use std::fs;
use std::io::Read;
use std::net::UdpSocket;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::run;

const ROOT: &str = "/var/lib/kubelet/pods/0b4a/root";
const SPECIFICATION: &str = "/var/lib/kubelet/pods/0b4a/config.json";
const PROGRAM: &str = "/pod";

const PLUGIN: &str = "witness";
/// What the plugin writes down for each pod: its label.
const WITNESSED: &str = "/var/lib/cni/witnessed";
const NETWORK: &str = "10-test.conflist";
const SUBNET: &str = "10.9.0.0/24";
const GATEWAY: &str = "10.9.0.1:9";

/// Runs them, once, and says what they said.
pub(crate) fn work() -> Result<()> {
    if Path::new(WITNESSED).exists() {
        return Ok(());
    }
    make_root()?;
    let folders = [
        ("/opt/cni/bin", "/plugins"),
        ("/etc/cni/net.d", "/networks"),
    ];
    print!("bringer: {}", ordinary("bring", &folders)?);
    print!("pod: {}", privileged("meet", "/run", "/host")?);
    let plugin = fs::read_to_string(WITNESSED).context(WITNESSED)?;
    println!("plugin: {plugin}");
    Ok(())
}

/// This program, and what it is linked with.
fn make_root() -> Result<()> {
    let root = Path::new(ROOT);
    for folder in ["dev", "proc", "plugins", "networks", "host"] {
        fs::create_dir_all(root.join(folder)).context(folder)?;
    }
    let copy = |from: &str, to: &str| -> Result<()> {
        let to = root.join(to.trim_start_matches('/'));
        fs::create_dir_all(to.parent().context("a parent")?)?;
        fs::copy(from, &to).with_context(|| format!("{from} to {}", to.display()))?;
        Ok(())
    };
    copy("/proc/self/exe", PROGRAM)?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    for path in maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
    {
        if path.contains(".so") {
            copy(path, path)?;
        }
    }
    // Where the program says that its loader is.
    for folder in ["lib64", "lib"] {
        std::os::unix::fs::symlink(format!("usr/{folder}"), root.join(folder)).context(folder)?;
    }
    for entry in fs::read_dir("/usr/lib64").into_iter().flatten().flatten() {
        let path = entry.path();
        copy(&path.to_string_lossy(), &path.to_string_lossy())?;
    }
    Ok(())
}

/// Runs an ordinary one, which is labelled and given folders of the host; what it said.
fn ordinary(part: &str, folders: &[(&str, &str)]) -> Result<String> {
    let mut mounts = vec![
        json!({"destination": "/proc", "type": "proc", "source": "proc"}),
        json!({"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}),
    ];
    mounts.extend(folders.iter().map(|(of_host, of_pod)| {
        json!({"destination": of_pod, "source": of_host, "options": ["rbind", "rw"]})
    }));
    let namespaces = ["ipc", "mount", "network", "pid", "uts"].map(|kind| json!({"type": kind}));
    let specification = json!({
        "ociVersion": "1.1.0",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": [PROGRAM, part],
            "cwd": "/",
            "selinuxLabel": "system_u:system_r:container_t:s0:c1,c2",
        },
        "root": {"path": ROOT},
        "mounts": mounts,
        "linux": {
            "namespaces": namespaces,
            "mountLabel": "system_u:object_r:container_data_t:s0:c1,c2",
        },
    });
    fs::write(SPECIFICATION, specification.to_string()).context(SPECIFICATION)?;
    run(
        "/usr/bin/ctr",
        &["run", "--rm", "--config", SPECIFICATION, part],
    )
}

/// Runs a privileged one, which has the network, the devices and a folder of the host; what
/// it said.
fn privileged(part: &str, of_host: &str, of_pod: &str) -> Result<String> {
    let mount = format!("type=bind,src={of_host},dst={of_pod},options=rbind:rw");
    let options = [
        "run",
        "--rm",
        "--privileged",
        "--cni",
        "--mount",
        &mount,
        "--rootfs",
    ];
    run(
        "/usr/bin/ctr",
        &[&options[..], &[ROOT, part, PROGRAM, part]].concat(),
    )
}

/// The part of a pod or of a plugin, if this program was started as one.
pub(crate) fn part() -> Option<Result<()>> {
    if let Ok(command) = env::var("CNI_COMMAND") {
        return Some(witness(&command));
    }
    match env::args().nth(1).as_deref() {
        Some("bring") => Some(bring()),
        Some("meet") => Some(meet()),
        _ => None,
    }
}

fn label() -> Result<String> {
    let label = fs::read_to_string("/proc/self/attr/current")?;
    Ok(label.trim_end_matches('\0').to_owned())
}

/// Puts a plugin and a network there for the pods after it.
fn bring() -> Result<()> {
    let plugin = Path::new("/plugins").join(PLUGIN);
    fs::copy(PROGRAM, &plugin).context("the plugin")?;
    let network = json!({
        "cniVersion": "1.0.0",
        "name": "test",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": true,
                "ipMasq": true,
                "ipam": {"type": "host-local", "ranges": [[{"subnet": SUBNET}]]},
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
            {"type": PLUGIN},
        ],
    });
    let written = Path::new("/networks/new");
    fs::write(written, network.to_string()).context("the network")?;
    fs::rename(written, Path::new("/networks").join(NETWORK)).context("the network")?;
    println!("{}", label()?);
    Ok(())
}

/// Looks where it is in the network, and leaves what programs agree by that filter it.
fn meet() -> Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(GATEWAY).context("the gateway")?;
    fs::write("/host/xtables.lock", "").context("the lock")?;
    println!("{} at {}", label()?, socket.local_addr()?.ip());
    Ok(())
}

/// A plugin that changes nothing ([specification]).
///
/// [specification]: https://www.cni.dev/docs/spec/
fn witness(command: &str) -> Result<()> {
    let mut configuration = String::new();
    std::io::stdin().read_to_string(&mut configuration)?;
    let configuration: Value = serde_json::from_str(&configuration)?;
    match command {
        "ADD" => {
            fs::write(WITNESSED, label()?).context(WITNESSED)?;
            println!("{}", configuration["prevResult"]);
        }
        "VERSION" => println!(r#"{{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}}"#),
        _ => {}
    }
    Ok(())
}
