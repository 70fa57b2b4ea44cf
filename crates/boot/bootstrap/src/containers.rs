//! The applet `bootstrap-containers`. Each container is a unit, which ends with it.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use apiclient::{Client, DEFAULT_SOCKET};
use clap::Parser;
use settings_model::groups::{BootstrapContainer, BootstrapMode};
use systemd::{Job, Manager, Verb};

use crate::step::{Step, read, take};

const GROUP: &str = "bootstrap-containers";
/// What a container may take is for its author to know; a boot that does not end is
/// for the health checks.
const LIMIT: Duration = Duration::from_secs(24 * 3600);

/// Runs the containers that prepare the node.
///
/// Exit codes: 0 if no essential one failed, 1 if one did, 2 if the arguments make
/// no sense.
#[derive(Debug, Parser)]
#[command(name = "bootstrap-containers", version)]
struct Cli {
    /// The containers, as settings make them
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/bootstrap-containers/bootstrap-containers.toml"
    )]
    config: PathBuf,
    /// Socket of the API server
    #[arg(long, value_name = "SOCKET", default_value = DEFAULT_SOCKET)]
    socket_path: PathBuf,
    /// Socket of the system bus
    #[arg(
        long,
        value_name = "SOCKET",
        default_value = "/run/dbus/system_bus_socket"
    )]
    bus: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> Result<ExitCode> {
    let declared = read::<BootstrapContainer>(&cli.config, GROUP)?;
    let steps: Vec<Step<()>> = declared
        .into_iter()
        .map(|(name, container)| Step {
            name,
            mode: container.mode.unwrap_or(BootstrapMode::Off),
            essential: container.essential.unwrap_or(false),
            work: (),
        })
        .filter(|step| step.mode != BootstrapMode::Off)
        .collect();
    if steps.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let manager = RefCell::new(Manager::through(&cli.bus)?);
    let client = Client::new(&cli.socket_path);
    Ok(take(steps, GROUP, &client, |name, ()| {
        let start = Job {
            verb: Verb::Start,
            unit: format!("bootstrap-containers@{name}.service"),
        };
        let results = manager.borrow_mut().run(&[start], LIMIT);
        Ok(results.into_iter().collect::<Result<(), _>>()?)
    }))
}
