//! Starts and stops the units of host containers as settings say (applet
//! `host-containers`). What a container runs is not for it to know: its unit's
//! `host-ctr` reads that from the same file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;
use serde::Deserialize;
use settings_model::groups::HostContainer;
use systemd::{Job, Manager, Verb};
use tracing::{error, info};

/// Brings the units of host containers in line with the settings.
///
/// Exit codes: 0 if all were asked for, 1 if not, 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "host-containers", version)]
struct Cli {
    /// The containers, as settings make them
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/host-containers/host-containers.toml"
    )]
    config: PathBuf,
    /// What was started, and with which settings
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/host-containers/started.json"
    )]
    started: PathBuf,
    /// Socket of the system bus
    #[arg(
        long,
        value_name = "SOCKET",
        default_value = "/run/dbus/system_bus_socket"
    )]
    bus: PathBuf,
}

/// Settings of containers that run, by name.
type Containers = BTreeMap<String, HostContainer>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct File {
    host_containers: Containers,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> Result<ExitCode> {
    let wanted = read(&cli.config)?;
    let started = match files::read(&cli.started) {
        // Damaged is as good as none: then all are started anew.
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(error) if error.is_not_found() => Containers::default(),
        Err(error) => return Err(error.into()),
    };
    let jobs = jobs(&started, &wanted);
    let mut manager = Manager::through(&cli.bus)?;
    let mut failed = false;
    for (job, result) in jobs.iter().zip(manager.enqueue(&jobs)) {
        match result {
            Ok(()) => info!("{:?} {}", job.verb, job.unit),
            Err(reason) => {
                error!("{reason}");
                failed = true;
            }
        }
    }
    files::replace(&cli.started, &serde_json::to_vec(&wanted)?, 0o600)?;
    Ok(match failed {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    })
}

/// Those that are to run; none if there is no file. One without a source is an error of the settings that
/// stops no other: its unit says so.
fn read(path: &Path) -> Result<Containers> {
    let text = match files::read_to_string(path) {
        Err(error) if error.is_not_found() => return Ok(Containers::new()),
        text => text?,
    };
    let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let mut containers = file.host_containers;
    if let Some(name) = containers.keys().find(|name| !is_name(name)) {
        bail!("`{name}` is no name of a unit");
    }
    containers.retain(|_, container| container.enabled == Some(true));
    Ok(containers)
}

/// Names become parts of names of units and folders.
fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(is_letter)
}

fn jobs(started: &Containers, wanted: &Containers) -> Vec<Job> {
    let job = |verb, name: &String| Job {
        verb,
        unit: format!("host-containers@{name}.service"),
    };
    let stopped = started
        .keys()
        .filter(|name| !wanted.contains_key(*name))
        .map(|name| job(Verb::Stop, name));
    let running = wanted.iter().map(|(name, container)| {
        let verb = match started.get(name) {
            Some(before) if before != container => Verb::Restart,
            // Nothing, where it runs.
            _ => Verb::Start,
        };
        job(verb, name)
    });
    stopped.chain(running).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn containers(text: &str) -> Result<Containers> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("host-containers.toml");
        std::fs::write(&path, text)?;
        read(&path)
    }

    #[test]
    fn units_follow_the_settings() {
        let before = containers(
            "[host-containers.a]\nenabled = true\nsource = 'localhost/a:1'\n\
             [host-containers.b]\nenabled = true\nsource = 'localhost/b:1'\n\
             [host-containers.c]\nenabled = true\nsource = 'localhost/c:1'\n",
        );
        let after = containers(
            "[host-containers.a]\nenabled = true\nsource = 'localhost/a:1'\n\
             [host-containers.b]\nenabled = true\nsource = 'localhost/b:2'\n\
             [host-containers.c]\nenabled = false\nsource = 'localhost/c:1'\n\
             [host-containers.d]\nenabled = true\nsource = 'localhost/d:1'\n",
        );
        let jobs = jobs(&before.expect("settings"), &after.expect("settings"));
        let said: Vec<String> = jobs
            .iter()
            .map(|job| format!("{:?} {}", job.verb, job.unit))
            .collect();
        assert_eq!(
            said,
            [
                "Stop host-containers@c.service",
                "Start host-containers@a.service",
                "Restart host-containers@b.service",
                "Start host-containers@d.service",
            ]
        );
    }

    #[test]
    fn settings_that_make_no_sense_start_nothing() {
        assert!(containers("").expect("no containers").is_empty());
        let nothing = read(Path::new("/nothing/here"));
        assert!(nothing.expect("no containers").is_empty());
        for text in [
            "[host-containers.a]\nenabled = 'yes'\n",
            "[host-containers.'../a']\nenabled = true\n",
            "[host-containers.'a b']\nenabled = true\n",
            "[",
        ] {
            assert!(containers(text).is_err(), "{text}");
        }
    }
}
