//! Hands the user data of a node's first boot to the settings API (applet
//! `early-boot-config`).
//!
//! The platform says where to look ([`sources`]): files, a systemd credential,
//! volumes ([`volumes`]), the metadata service of a cloud, the hypervisor.
//!
//! User data is applied once: when it has been committed, a marker keeps later
//! boots from doing it again, because settings may have been changed since.
//!
//! Bad input never bricks a node. User data that cannot be read, is not TOML
//! or JSON, or is refused by the API, is refused as a whole: nothing of it is
//! committed, the node is reported as degraded, and the boot goes on with
//! defaults, so this applet ends with exit code 0. There is no marker then:
//! the next boot tries again with what the platform hands out by then.

mod launch;
pub mod sources;
pub mod volumes;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use apiclient::Client;
use clap::{Parser, Subcommand};

pub use launch::{Error, Outcome, TRANSACTION, launch};
use sources::Places;

/// Hands the user data of the first boot to the settings API.
#[derive(Debug, Parser)]
#[command(name = "early-boot-config", version)]
struct Cli {
    /// Socket of the API server
    #[arg(short, long, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    socket_path: PathBuf,

    /// Look for /local, /var, /proc and /sys below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/", global = true)]
    root: PathBuf,

    /// Folder with the service's credentials [default: $CREDENTIALS_DIRECTORY]
    #[arg(long, value_name = "FOLDER")]
    credentials_directory: Option<PathBuf>,

    /// Folder for what is found on volumes
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/run/user-data",
        global = true
    )]
    volumes: PathBuf,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Only look for user data on volumes, and leave it in a folder
    Volumes,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    if let Some(Command::Volumes) = cli.command {
        return volumes::collect(&cli.root, &cli.volumes).context("failed to keep user data");
    }
    let marker = cli.root.join("var/lib/bottlerocket/early-boot-config.ran");
    let places = Places {
        root: cli.root,
        credentials: cli
            .credentials_directory
            .or_else(|| std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)),
        volumes: cli.volumes,
    };
    let client = Client::new(cli.socket_path);

    let launched = launch(&client, || sources::standard(&places), &marker);
    match &launched {
        Ok(Outcome::AlreadyRan) => tracing::info!("user data was applied in an earlier boot"),
        Ok(Outcome::Committed(keys)) => {
            tracing::info!("user data was applied: {} settings changed", keys.len());
        }
        Ok(Outcome::Refused(reason)) => {
            let problem = format!("user data was refused, the node runs without it: {reason}");
            tracing::error!("{problem}");
            report(&client, &problem);
        }
        Err(error) => report(&client, &format!("user data was not applied: {error}")),
    }
    // Whatever came of it, it is not left where it is not needed.
    volumes::forget(&places.volumes)?;
    launched.map(drop).context("failed to apply user data")
}

fn report(client: &Client, problem: &str) {
    if let Err(error) = client.report_problem("early-boot-config", problem) {
        tracing::warn!("the problem was not reported: {error}");
    }
}
