//! What a node looks like from outside: when each stage of its boot was
//! reached, what its root is, and whether SELinux enforces.

mod parse;

use std::fmt;

use serde::Serialize;

use crate::channel::Channel;
use crate::error::{Error, Result};

/// The state of a node.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// `PRETTY_NAME` of os-release.
    pub os: String,
    /// The kernel's release.
    pub kernel: String,
    /// systemd's state: `running`, `degraded`, ...
    pub state: String,
    /// Whether SELinux enforces its policy.
    pub enforcing: bool,
    /// The root file system.
    pub root: Root,
    /// Stages of the boot, in order.
    pub stages: Vec<Stage>,
}

/// The root file system.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Root {
    /// Its device.
    pub device: String,
    /// Its type.
    pub file_system: String,
    /// Whether it is mounted read-only.
    pub read_only: bool,
    /// The root hash given on the kernel command line.
    pub root_hash: Option<String>,
    /// Names of the partitions below its device.
    pub partitions: Vec<String>,
}

/// A stage of the boot.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stage {
    /// What was reached.
    pub name: &'static str,
    /// Seconds after the kernel's start; absent if it was not reached.
    pub seconds: Option<f64>,
}

/// Units whose start is a stage.
const UNITS: [(&str, &str); 4] = [
    ("apiserver.service", "API ready"),
    ("preconfigured.target", "preconfigured"),
    ("configured.target", "configured"),
    ("multi-user.target", "multi-user"),
];

/// Asks a node for its report.
pub fn collect(channel: &Channel) -> Result<Report> {
    let text = |path: &str| Ok::<_, Error>(channel.read_file(path)?.data.text().into_owned());
    let unreadable = |path: &str, output: &str| Error::Output {
        command: format!("read {path}"),
        output: output.to_owned(),
    };
    let os_release = text("/etc/os-release")?;
    let mounts = text("/proc/self/mounts")?;
    let mount =
        parse::root_mount(&mounts).ok_or_else(|| unreadable("/proc/self/mounts", &mounts))?;
    let state = channel.run(dev_protocol::Run {
        argv: ["/usr/bin/systemctl", "is-system-running"]
            .map(Into::into)
            .into(),
        ..Default::default()
    })?;
    Ok(Report {
        os: parse::assignment(&os_release, "PRETTY_NAME")
            .ok_or_else(|| unreadable("/etc/os-release", &os_release))?,
        kernel: text("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        state: state.stdout.text().trim().to_owned(),
        enforcing: text("/sys/fs/selinux/enforce")?.trim() == "1",
        root: Root {
            partitions: partitions_below(channel, &mount.device)?,
            device: mount.device,
            file_system: mount.file_system,
            read_only: mount.read_only,
            root_hash: parse::kernel_argument(&text("/proc/cmdline")?, "roothash"),
        },
        stages: stages(channel)?,
    })
}

/// Names (GPT) of the partitions that a device-mapper device is made of.
fn partitions_below(channel: &Channel, device: &str) -> Result<Vec<String>> {
    let Some(node) = device
        .strip_prefix("/dev/")
        .filter(|n| n.starts_with("dm-"))
    else {
        return Ok(Vec::new());
    };
    let folder = format!("/sys/block/{node}/slaves");
    let mut names = Vec::new();
    for slave in channel.list(&folder)? {
        let contents = channel.read_file(&format!("{folder}/{slave}/uevent"))?;
        names.push(parse::assignment(&contents.data.text(), "PARTNAME").unwrap_or(slave));
    }
    Ok(names)
}

fn stages(channel: &Channel) -> Result<Vec<Stage>> {
    let kernel_log = channel.output(&["/usr/bin/journalctl", "-b", "-k", "-o", "json"])?;
    let properties = [
        "-pFirmwareTimestampMonotonic",
        "-pUserspaceTimestampMonotonic",
        "-pFinishTimestampMonotonic",
    ];
    let show =
        |arguments: &[&str]| channel.output(&[&["/usr/bin/systemctl", "show"], arguments].concat());
    let manager = show(&properties)?;
    let mut stages = vec![
        Stage {
            name: "init",
            seconds: parse::init_start(&kernel_log),
        },
        Stage {
            name: "systemd",
            seconds: parse::microseconds(&manager, "UserspaceTimestampMonotonic"),
        },
    ];
    for (unit, name) in UNITS {
        let unit = show(&["-pActiveEnterTimestampMonotonic", unit])?;
        let seconds = parse::microseconds(&unit, "ActiveEnterTimestampMonotonic");
        stages.push(Stage { name, seconds });
    }
    if let Some(seconds) = parse::microseconds(&manager, "FirmwareTimestampMonotonic") {
        // The firmware's time is told as that before the kernel's start.
        stages.insert(
            0,
            Stage {
                name: "firmware",
                seconds: Some(-seconds),
            },
        );
    }
    stages.push(Stage {
        name: "boot finished",
        seconds: parse::microseconds(&manager, "FinishTimestampMonotonic"),
    });
    Ok(stages)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = &self.root;
        let mode = if root.read_only {
            "read-only"
        } else {
            "writable"
        };
        let hash = root.root_hash.as_deref().unwrap_or("none");
        let letter = root.partitions.iter().find_map(|p| p.strip_prefix("ROOT-"));
        let slot = match letter {
            Some(letter) => format!("{letter} ({})", root.partitions.join(", ")),
            None => "none".to_owned(),
        };
        let enforcing = if self.enforcing {
            "enforcing"
        } else {
            "permissive"
        };
        let rows = [
            ("OS", self.os.clone()),
            ("kernel", self.kernel.clone()),
            ("state", self.state.clone()),
            ("SELinux", enforcing.to_owned()),
            (
                "root",
                format!("{}, {}, {mode}", root.device, root.file_system),
            ),
            ("root hash", hash.to_owned()),
            ("slot", slot),
        ];
        for (name, value) in rows {
            writeln!(f, "{name:<14} {value}")?;
        }
        writeln!(f, "\nboot stage     after the kernel's start")?;
        for stage in &self.stages {
            match stage.seconds {
                Some(seconds) => writeln!(f, "{:<14} {seconds:>8.2} s", stage.name)?,
                None => writeln!(f, "{:<14} not reached", stage.name)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_table() {
        let report = Report {
            os: "Bottlerocket OS 0.1.0 (metal-dev)".to_owned(),
            kernel: "6.12.1".to_owned(),
            state: "running".to_owned(),
            enforcing: true,
            root: Root {
                device: "/dev/dm-0".to_owned(),
                file_system: "erofs".to_owned(),
                read_only: true,
                root_hash: Some("ab".to_owned()),
                partitions: vec!["ROOT-A".to_owned(), "HASH-A".to_owned()],
            },
            stages: vec![
                Stage {
                    name: "init",
                    seconds: Some(1.234),
                },
                Stage {
                    name: "configured",
                    seconds: None,
                },
            ],
        };
        let expected = "\
OS             Bottlerocket OS 0.1.0 (metal-dev)
kernel         6.12.1
state          running
SELinux        enforcing
root           /dev/dm-0, erofs, read-only
root hash      ab
slot           A (ROOT-A, HASH-A)

boot stage     after the kernel's start
init               1.23 s
configured     not reached
";
        assert_eq!(report.to_string(), expected);
    }
}
