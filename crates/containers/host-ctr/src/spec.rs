//! How runc is to run a container (OCI Runtime Specification, version 1.2).

use std::path::Path;

use anyhow::{Context, Result, ensure};
use images::Image;
use oci_spec::runtime::Spec;
use serde_json::{Value, json};

use crate::label::Labels;
use crate::user::User;
use crate::{Container, lent, seccomp};

/// Where a container finds what is the host's.
const OURS: &str = "/.bottlerocket";
const DEFAULT_PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What an ordinary container may do: what servers that start as root need.
const CAPABILITIES: &[&str] = &[
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
];
/// All that there are.
const ALL_CAPABILITIES: &[&str] = &[
    "CAP_AUDIT_CONTROL",
    "CAP_AUDIT_READ",
    "CAP_AUDIT_WRITE",
    "CAP_BLOCK_SUSPEND",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_KILL",
    "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE",
    "CAP_MAC_ADMIN",
    "CAP_MAC_OVERRIDE",
    "CAP_MKNOD",
    "CAP_NET_ADMIN",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_RAW",
    "CAP_PERFMON",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYSLOG",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_CHROOT",
    "CAP_SYS_MODULE",
    "CAP_SYS_NICE",
    "CAP_SYS_PACCT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_WAKE_ALARM",
];
/// What of `/proc` and `/sys` says more of the host than a container is to know.
const MASKED: &[&str] = &[
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/sched_debug",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];
const READ_ONLY: &[&str] = &[
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// What a container is run with, by its image, its settings and the host.
pub(crate) fn spec(
    container: &Container,
    image: &Image,
    root: &Path,
    cgroup: &str,
    labels: Option<&Labels>,
) -> Result<Spec> {
    let config = image.config.config().clone().unwrap_or_default();
    let bundle = root.parent().context("a root is in a bundle")?;
    let user = User::find(root, config.user().as_deref().unwrap_or_default())?;
    let arguments = arguments(container, &config);
    ensure!(
        !arguments.is_empty(),
        "the image says no command; hint: set one for the container"
    );
    let mut environment = config.env().clone().unwrap_or_default();
    if !environment
        .iter()
        .any(|variable| variable.starts_with("PATH="))
    {
        environment.push(DEFAULT_PATH.to_owned());
    }
    let directory = config.working_dir().clone().filter(|d| d.starts_with('/'));
    let capabilities = match container.superpowered {
        true => ALL_CAPABILITIES,
        false => CAPABILITIES,
    };
    let mut spec = json!({
        "ociVersion": "1.2.0",
        "process": {
            "terminal": false,
            "user": {"uid": user.uid, "gid": user.gid, "additionalGids": user.groups},
            "args": arguments,
            "env": environment,
            "cwd": directory.unwrap_or_else(|| "/".to_owned()),
            "capabilities": {
                "bounding": capabilities,
                "effective": capabilities,
                "permitted": capabilities,
            },
        },
        "root": {"path": root, "readonly": false},
        "mounts": mounts(container, bundle),
        "linux": {
            "namespaces": namespaces(container),
            "cgroupsPath": cgroup,
            "rootfsPropagation": if container.superpowered { "rslave" } else { "private" },
            "resources": {"devices": devices(container)},
        },
    });
    // A kernel without SELinux takes none.
    if let Some(labels) = labels {
        spec["process"]["selinuxLabel"] = json!(labels.process);
        spec["linux"]["mountLabel"] = json!(labels.files);
    }
    if !container.superpowered {
        spec["linux"]["seccomp"] = seccomp::profile();
        spec["linux"]["maskedPaths"] = json!(MASKED);
        spec["linux"]["readonlyPaths"] = json!(READ_ONLY);
    }
    serde_json::from_value(spec).context("failed to describe the container")
}

fn arguments(container: &Container, config: &images::Config) -> Vec<String> {
    if !container.command.is_empty() {
        return container.command.clone();
    }
    let mut arguments = config.entrypoint().clone().unwrap_or_default();
    arguments.extend(config.cmd().clone().unwrap_or_default());
    arguments
}

/// The network is that of the host, and so is its name.
fn namespaces(container: &Container) -> Vec<Value> {
    let kinds: &[&str] = match container.superpowered {
        true => &["mount", "ipc"],
        false => &["mount", "ipc", "pid", "cgroup"],
    };
    kinds.iter().map(|kind| json!({"type": kind})).collect()
}

fn devices(container: &Container) -> Value {
    match container.superpowered {
        true => json!([{"allow": true, "access": "rwm"}]),
        // runc adds those that every container has.
        false => json!([{"allow": false, "access": "rwm"}]),
    }
}

fn mounts(container: &Container, bundle: &Path) -> Vec<Value> {
    let mount = |target: &str, kind: &str, source: &str, options: &[&str]| json!({"destination": target, "type": kind, "source": source, "options": options});
    let bind = |source: &str, target: &str, options: &[&str]| {
        mount(target, "bind", source, &[&["rbind"], options].concat())
    };
    let mut mounts = vec![mount(
        "/proc",
        "proc",
        "proc",
        &["nosuid", "noexec", "nodev"],
    )];
    if container.superpowered {
        mounts.extend([
            bind("/dev", "/dev", &["rslave", "nosuid"]),
            mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev"]),
            bind("/sys/fs/cgroup", "/sys/fs/cgroup", &["rslave"]),
            bind("/sys/kernel/debug", "/sys/kernel/debug", &["rslave"]),
            bind("/sys/kernel/tracing", "/sys/kernel/tracing", &["rslave"]),
            bind("/usr/lib/modules", "/lib/modules", &["ro"]),
        ]);
    } else {
        let hidden = ["nosuid", "noexec", "nodev"];
        let read_only = ["nosuid", "noexec", "nodev", "ro"];
        mounts.extend([
            mount(
                "/dev",
                "tmpfs",
                "tmpfs",
                &["nosuid", "strictatime", "mode=755", "size=65536k"],
            ),
            mount(
                "/dev/pts",
                "devpts",
                "devpts",
                &[
                    "nosuid",
                    "noexec",
                    "newinstance",
                    "ptmxmode=0666",
                    "mode=0620",
                    "gid=5",
                ],
            ),
            mount(
                "/dev/shm",
                "tmpfs",
                "shm",
                &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
            ),
            mount("/dev/mqueue", "mqueue", "mqueue", &hidden),
            mount("/sys", "sysfs", "sysfs", &read_only),
            mount("/sys/fs/cgroup", "cgroup", "cgroup", &read_only),
        ]);
    }
    let persistent = container.persistent();
    let persistent = persistent.to_string_lossy();
    let folder = container.kind.folder();
    mounts.extend([
        bind("/run/api.sock", "/run/api.sock", &[]),
        bind("/usr/bin/apiclient", "/usr/local/bin/apiclient", &["ro"]),
        bind(
            &persistent,
            &format!("{OURS}/{folder}/{}", container.id),
            &[],
        ),
        bind(&persistent, &format!("{OURS}/{folder}/current"), &[]),
    ]);
    for (_, place) in lent::FILES {
        let copy = lent::copy_of(bundle, place);
        mounts.push(bind(&copy.to_string_lossy(), place, &["ro"]));
    }
    if container.superpowered {
        mounts.push(bind("/", &format!("{OURS}/rootfs"), &["rslave"]));
    }
    mounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    fn image(config: Value) -> Image {
        serde_json::from_value(json!({
            "name": "localhost/test:1",
            "digest": "sha256:00",
            "config": {
                "architecture": "amd64",
                "os": "linux",
                "config": config,
                "rootfs": {"type": "layers", "diff_ids": []},
            },
            "layers": [],
        }))
        .expect("an image")
    }

    fn container(superpowered: bool) -> Container {
        Container {
            id: "test".to_owned(),
            kind: Kind::Host,
            superpowered,
            user_data: None,
            command: Vec::new(),
        }
    }

    fn made(container: &Container, config: Value) -> Value {
        let root = tempfile::tempdir().expect("a folder");
        let spec = spec(
            container,
            &image(config),
            root.path(),
            "/c",
            Some(&Labels::of(container)),
        )
        .expect("a container");
        serde_json::to_value(spec).expect("JSON")
    }

    #[test]
    fn an_image_says_what_runs_unless_settings_do() {
        let config = json!({
            "Entrypoint": ["/entry"], "Cmd": ["default"], "Env": ["A=b"], "WorkingDir": "/work",
        });
        let spec = made(&container(false), config.clone());
        assert_eq!(spec["process"]["args"], json!(["/entry", "default"]));
        assert_eq!(spec["process"]["cwd"], "/work");
        let environment = spec["process"]["env"].to_string();
        assert!(environment.contains("A=b") && environment.contains("PATH="));
        let mut other = container(false);
        other.command = vec!["/bin/other".to_owned()];
        assert_eq!(
            made(&other, config)["process"]["args"],
            json!(["/bin/other"])
        );
        let root = tempfile::tempdir().expect("a folder");
        let nothing = super::spec(
            &container(false),
            &image(json!({})),
            root.path(),
            "/c",
            None,
        );
        assert!(nothing.is_err());
    }

    #[test]
    fn an_ordinary_container_is_shut_in_and_a_superpowered_one_is_not() {
        let config = json!({"Cmd": ["/a"]});
        let ordinary = made(&container(false), config.clone());
        let superpowered = made(&container(true), config);
        let text = ordinary["process"]["capabilities"].to_string();
        assert!(!text.contains("CAP_SYS_ADMIN"), "{text}");
        assert!(ordinary["linux"]["seccomp"].is_object());
        assert!(superpowered["linux"]["seccomp"].is_null());
        let mounts = |spec: &Value| spec["mounts"].to_string();
        assert!(!mounts(&ordinary).contains("/.bottlerocket/rootfs"));
        assert!(mounts(&superpowered).contains("/.bottlerocket/rootfs"));
        let namespaces = |spec: &Value| spec["linux"]["namespaces"].to_string();
        assert!(namespaces(&ordinary).contains("pid"));
        assert!(!namespaces(&superpowered).contains("pid"));
        for spec in [&ordinary, &superpowered] {
            assert!(!namespaces(spec).contains("network"));
            assert!(mounts(spec).contains("/.bottlerocket/host-containers/current"));
        }
    }
}
