//! Whether the node works (applet `health-check`). On the first boots of a new
//! version that decides if it stays: `mark-slot-good.service` waits for it.
//!
//! Checks are tried until they pass, all at the same time, each for as long as
//! it may take. Two are always made: the API answers, and
//! `configured.target` is reached, which what is essential on the node belongs
//! to. Others are declared as `settings.boot.health-checks`.

mod check;
mod config;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use apiclient::{Client, DEFAULT_SOCKET};
use clap::Parser;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

pub use check::{Check, Way};
pub use config::Error as ConfigError;

/// Between two tries of a check.
const PAUSE: Duration = Duration::from_secs(1);

/// What problems are reported under.
const SOURCE: &str = "health-check";

/// Waits until the node works, or it is clear that it does not.
///
/// Exit codes: 0 if all checks passed, 1 if one did not, 2 if the arguments make
/// no sense.
#[derive(Debug, Parser)]
#[command(name = "health-check", version)]
struct Cli {
    /// The checks, as settings make them
    #[arg(long, value_name = "FILE", default_value = "/etc/health-checks.toml")]
    config: PathBuf,

    /// Socket of the API server
    #[arg(long, value_name = "SOCKET", default_value = DEFAULT_SOCKET)]
    socket_path: PathBuf,

    /// The program that knows the state of units
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/systemctl")]
    systemctl: PathBuf,

    /// The target that has to be reached
    #[arg(long, value_name = "UNIT", default_value = "configured.target")]
    target: String,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> Result<ExitCode> {
    let client = Client::new(&cli.socket_path);
    let mut checks = vec![
        Check::always("api", Way::Api(client.clone())),
        Check::always("configured", Way::unit(&cli.systemctl, &cli.target)),
    ];
    checks.extend(config::read(&cli.config, &cli.systemctl)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("failed to start")?;
    let failures = runtime.block_on(try_all(checks));
    for failure in &failures {
        tracing::error!("{failure}");
        // Without the API there is nobody to be told.
        if let Err(error) = client.report_problem(SOURCE, failure) {
            tracing::warn!("{error}");
        }
    }
    Ok(ExitCode::from(u8::from(!failures.is_empty())))
}

/// Tries checks until they pass or their time is over. Returns what is wrong
/// with those that did not pass, in the order of the checks.
pub async fn try_all(checks: Vec<Check>) -> Vec<String> {
    let begin = Instant::now();
    let mut tries = JoinSet::new();
    for (place, check) in checks.into_iter().enumerate() {
        tries.spawn(async move { (place, try_until_it_passes(check, begin).await) });
    }
    let mut failures = tries.join_all().await;
    failures.sort_unstable();
    failures
        .into_iter()
        .filter_map(|(_, failure)| failure)
        .collect()
}

async fn try_until_it_passes(check: Check, begin: Instant) -> Option<String> {
    let deadline = begin + check.timeout;
    let mut last = "there was no answer".to_owned();
    loop {
        match timeout_at(deadline, check.way.attempt()).await {
            Ok(Ok(())) => {
                tracing::info!("{} passed", check.name);
                return None;
            }
            Ok(Err(reason)) => last = reason,
            Err(_) => {}
        }
        if Instant::now() + PAUSE >= deadline {
            let seconds = check.timeout.as_secs();
            return Some(format!(
                "{} did not pass in {seconds} s: {last}",
                check.name
            ));
        }
        sleep(PAUSE).await;
    }
}
