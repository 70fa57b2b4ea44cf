//! Brings the stored settings to the version of the OS (applet `migrator`).
//!
//! It runs before the API server. Where the version that stored the settings
//! is another than the one that is running, the migrations between them are
//! run, forward or backward, on a copy; then the running version gets a folder
//! with the result, and becomes the current one. The folder of the other
//! version stays as it is, for when that is booted again.
//!
//! Whatever fails or whenever power does, the store is as it was or migrated.
//! A failure ends with exit code 1.

mod chain;
mod error;
mod list;
mod program;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use settings_store::Outcome;

pub use chain::Migrations;
pub use error::Error;
pub use list::{Error as ListError, List};

/// Bring the stored settings to the version of the OS.
///
/// Without a list of migrations, or their programs, the version's own settings
/// from before count; if it has none, those of the other one are carried over as
/// they are.
#[derive(Debug, Parser)]
#[command(name = "migrator", version)]
struct Cli {
    /// Where settings are stored
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/.bottlerocket/datastore"
    )]
    datastore_path: PathBuf,

    /// The version to bring them to
    #[arg(long, value_name = "VERSION", conflicts_with = "os_release_path")]
    to: Option<String>,

    /// The file in os-release(5) format that says which version this is
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/os-release")]
    os_release_path: PathBuf,

    /// Folder with the programs of migrations
    #[arg(long, value_name = "FOLDER", requires = "list")]
    migrations: Option<PathBuf>,

    /// Which migrations lead from which version to which: manifest.json of a
    /// repository, or the same in TOML
    #[arg(long, value_name = "FILE", requires = "migrations")]
    list: Option<PathBuf>,

    /// Folder in memory for copies of the settings
    #[arg(long, value_name = "FOLDER", default_value = "/run/migrator")]
    work_folder: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let version = match &cli.to {
        Some(version) => version.clone(),
        None => {
            let text = files::read_to_string(&cli.os_release_path)?;
            os_release::value(&text, "VERSION_ID")
                .with_context(|| format!("{} has no VERSION_ID", cli.os_release_path.display()))?
        }
    };
    let migrations = match (cli.list, cli.migrations) {
        (Some(list), Some(folder)) => Some(Migrations {
            list,
            folder,
            work: cli.work_folder,
        }),
        _ => None,
    };
    let outcome = migrate(&cli.datastore_path, &version, migrations.as_ref())
        .with_context(|| format!("failed to bring the settings to version {version}"))?;
    match outcome {
        Outcome::None => tracing::info!("no settings are stored yet"),
        Outcome::Current => tracing::info!("the settings are those of version {version}"),
        Outcome::Own => tracing::info!("version {version} has its settings from before"),
        Outcome::Migrated { warnings } => {
            for warning in warnings {
                tracing::warn!("{warning}");
            }
            tracing::info!("the settings were brought to version {version}");
        }
    }
    Ok(())
}

/// Brings a store to a version, by the migrations between that and the version
/// that is current, or without them as it is.
pub fn migrate(
    base: &Path,
    version: &str,
    migrations: Option<&Migrations>,
) -> Result<Outcome, settings_store::Error> {
    // Only asked for where there is a version before this one.
    let from = std::fs::read_link(base.join("current")).unwrap_or_default();
    let from = from.to_string_lossy();
    // Migrations that are there were brought for this very step.
    let anew = migrations.is_some_and(Migrations::exist);
    settings_store::migrate(base, version, anew, |payload| {
        let migrated = match migrations {
            Some(migrations) => migrations.run(&from, version, &payload)?,
            None => None,
        };
        if migrated.is_none() {
            tracing::warn!("settings are carried over from {from} to {version} as they are");
        }
        Ok::<_, Error>(migrated.unwrap_or(payload))
    })
}
