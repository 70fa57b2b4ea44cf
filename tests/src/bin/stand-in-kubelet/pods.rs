//! Pods: one that brings the network, as those of clusters do, and two that are in it, an
//! ordinary and a privileged one.
//!
//! This program is all that is in them. It is the plugin that the first one brings, too.

use std::env;
use std::fs;
use std::io::Read;
use std::net::UdpSocket;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::cri::{
    CONTAINER, ContainerConfig, ContainerMetadata, ContainerStatusRequest, ContainerStatusResponse,
    CreateContainerRequest, CreateContainerResponse, EXITED, ImageSpec, LinuxContainerConfig,
    LinuxContainerSecurityContext, LinuxPodSandboxConfig, LinuxSandboxSecurityContext, Mount, NODE,
    NamespaceOption, Nothing, PodSandboxConfig, PodSandboxMetadata, PortMapping,
    RemovePodSandboxRequest, RunPodSandboxRequest, RunPodSandboxResponse, Runtime, SeLinuxOption,
    StartContainerRequest,
};
use crate::run;

const WORK: &str = "/var/lib/kubelet/pods/0b4a";
/// The image of all containers, that of pods with nothing in them, too.
const IMAGE: &str = "localhost/pod:1";
const PROGRAM: &str = "/pod";

const PLUGIN: &str = "witness";
/// Where the plugin writes down its label.
const WITNESSED: &str = "/var/lib/cni/witnessed";
const NETWORK: &str = "10-test.conflist";
const SUBNET: &str = "10.9.0.0/24";
const GATEWAY: &str = "10.9.0.1:9";

/// A pod with one container.
struct Pod<'a> {
    /// Its name, and what its program does.
    part: &'a str,
    /// It is in the network of the node, and not in that of pods.
    of_node: bool,
    privileged: bool,
    /// The type of its label, if it asks for one.
    kind: &'a str,
    /// Folders of the node, and where they are in the container.
    folders: &'a [(&'a str, &'a str)],
}

/// Runs them, once, and says what they said.
pub(crate) fn work(socket: &str) -> Result<()> {
    if Path::new(WITNESSED).exists() {
        return Ok(());
    }
    load_image()?;
    let runtime = Runtime::connect(socket)?;
    let plain = Pod {
        part: "meet",
        of_node: false,
        privileged: false,
        kind: "",
        folders: &[],
    };
    let pods = [
        Pod {
            part: "bring",
            of_node: true,
            folders: &[
                ("/opt/cni/bin", "/plugins"),
                ("/etc/cni/net.d", "/networks"),
            ],
            ..plain
        },
        Pod {
            part: "meet",
            ..plain
        },
        Pod {
            part: "lock",
            privileged: true,
            folders: &[
                ("/run", "/host"),
                ("/lib/modules", "/lib/modules"),
                ("/usr/lib/os-release", "/os-release"),
            ],
            ..plain
        },
        Pod {
            part: "lock",
            kind: "spc_t",
            folders: &[("/run", "/host")],
            ..plain
        },
    ];
    for pod in &pods {
        println!("pod: {}", pod.run(&runtime)?);
    }
    let plugin = fs::read_to_string(WITNESSED).context(WITNESSED)?;
    println!("plugin: {plugin}");
    Ok(())
}

impl Pod<'_> {
    /// Runs it; what it said.
    fn run(&self, runtime: &Runtime) -> Result<String> {
        let namespaces = NamespaceOption {
            network: if self.of_node { NODE } else { 0 },
            pid: CONTAINER,
        };
        let ports = PortMapping {
            container_port: 80,
            host_port: 8080,
        };
        let logs = format!("/var/log/pods/default_{}", self.part);
        let sandbox = PodSandboxConfig {
            metadata: Some(PodSandboxMetadata {
                name: self.part.to_owned(),
                uid: format!("{}-{}", self.part, self.kind),
                namespace: "default".to_owned(),
            }),
            log_directory: logs.clone(),
            port_mappings: if self.of_node { vec![] } else { vec![ports] },
            linux: Some(LinuxPodSandboxConfig {
                cgroup_parent: "kubepods.slice".to_owned(),
                security_context: Some(LinuxSandboxSecurityContext {
                    namespace_options: Some(namespaces.clone()),
                    privileged: self.privileged,
                }),
            }),
        };
        let request = RunPodSandboxRequest {
            config: Some(sandbox.clone()),
        };
        let RunPodSandboxResponse { pod_sandbox_id } = runtime.call("RunPodSandbox", &request)?;

        let mounts = self.folders.iter().map(|&(of_node, of_container)| Mount {
            container_path: of_container.to_owned(),
            host_path: of_node.to_owned(),
        });
        let label = SeLinuxOption {
            r#type: self.kind.to_owned(),
        };
        let request = CreateContainerRequest {
            pod_sandbox_id: pod_sandbox_id.clone(),
            config: Some(ContainerConfig {
                metadata: Some(ContainerMetadata {
                    name: self.part.to_owned(),
                }),
                image: Some(ImageSpec {
                    image: IMAGE.to_owned(),
                }),
                command: vec![PROGRAM.to_owned(), self.part.to_owned()],
                mounts: mounts.collect(),
                log_path: "0.log".to_owned(),
                linux: Some(LinuxContainerConfig {
                    security_context: Some(LinuxContainerSecurityContext {
                        privileged: self.privileged,
                        namespace_options: Some(namespaces),
                        selinux_options: (!self.kind.is_empty()).then_some(label),
                    }),
                }),
            }),
            sandbox_config: Some(sandbox),
        };
        let CreateContainerResponse { container_id } = runtime.call("CreateContainer", &request)?;
        let request = StartContainerRequest {
            container_id: container_id.clone(),
        };
        runtime.call::<Nothing>("StartContainer", &request)?;
        let exit_code = loop {
            let request = ContainerStatusRequest {
                container_id: container_id.clone(),
            };
            let answer: ContainerStatusResponse = runtime.call("ContainerStatus", &request)?;
            let status = answer.status.context("a container without status")?;
            if status.state == EXITED {
                break status.exit_code;
            }
            thread::sleep(Duration::from_millis(100));
        };
        let log = Path::new(&logs).join("0.log");
        let said = fs::read_to_string(&log).context("the log")?;
        ensure!(exit_code == 0, "{}: {exit_code}: {said}", self.part);
        fs::remove_file(&log).context("the log")?;
        let request = RemovePodSandboxRequest { pod_sandbox_id };
        runtime.call::<Nothing>("RemovePodSandbox", &request)?;
        // Before it are the time, the stream, and whether the line is whole.
        let line = said.lines().next().unwrap_or_default();
        Ok(line.splitn(4, ' ').nth(3).unwrap_or(line).to_owned())
    }
}

/// This program, and what it is linked with, as an image.
fn load_image() -> Result<()> {
    let root = Path::new(WORK).join("root");
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
    let loader = "lib64/ld-linux-x86-64.so.2";
    copy(&format!("/usr/{loader}"), loader)?;
    let archive = Path::new(WORK).join("image.tar");
    let inputs = oci_archive::Inputs {
        root: &root,
        name: IMAGE,
        entrypoint: &[PROGRAM.to_owned(), "pause".to_owned()],
        architecture: "amd64",
        epoch: 0,
    };
    oci_archive::archive(&inputs, &archive)?;
    let archive = archive.to_string_lossy();
    run(
        "/usr/bin/ctr",
        &["--namespace", "k8s.io", "images", "import", &archive],
    )?;
    Ok(())
}

/// The part of a pod or of a plugin, if this program was started as one.
pub(crate) fn part() -> Option<Result<()>> {
    if let Ok(command) = env::var("CNI_COMMAND") {
        return Some(witness(&command));
    }
    match env::args().nth(1).as_deref() {
        Some("pause") => loop {
            thread::sleep(Duration::from_secs(3600));
        },
        Some("bring") => Some(bring()),
        Some("meet") => Some(meet()),
        Some("lock") => Some(lock().and_then(|()| meet())),
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

/// Looks where it is in the network.
fn meet() -> Result<()> {
    fs::read("/dev/null").context("/dev/null")?;
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect(GATEWAY).context("the gateway")?;
    println!("{} at {}", label()?, socket.local_addr()?.ip());
    Ok(())
}

/// Makes what programs agree by that filter packets, on the node, and tries its devices.
fn lock() -> Result<()> {
    fs::write("/host/xtables.lock", "").context("the lock")?;
    fs::write("/dev/null", "gone").context("/dev/null")
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
