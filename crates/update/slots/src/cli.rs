//! The applet `signpost`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use apiclient::Client;
use clap::{Parser, Subcommand};

use crate::{Directory, Disk, Esp, Health, Slot, Slots, State};

/// Exists once a system of this node has been good.
const EVER_SUCCEEDED: &str = "EFI/bottlerocket/boot-succeeded";

/// How long the API may take to say what is wrong.
const API_LIMIT: Duration = Duration::from_secs(10);

/// Shows and changes which slot boots.
///
/// Exit codes: 0 if it is done, 1 if it is refused or failed (or, for
/// `has-boot-ever-succeeded`, has not), 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "signpost", version)]
struct Cli {
    /// Look for /sys and /dev below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/", global = true)]
    root: PathBuf,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what is in both slots
    Status {
        /// As JSON
        #[arg(short, long)]
        json: bool,
    },
    /// The system that runs is healthy: it boots from now on
    #[command(alias = "mark-successful-boot")]
    MarkGood,
    /// A system boots no more
    MarkBad {
        /// Its slot: a or b
        slot: Slot,
    },
    /// What is in the other slot boots next, on trial
    #[command(alias = "upgrade-to-inactive")]
    Activate {
        /// Its version, for people
        #[arg(long, value_name = "VERSION", default_value = "")]
        version: String,
    },
    /// What is in the other slot does not boot next after all
    #[command(alias = "cancel-upgrade")]
    Cancel,
    /// The other slot's system, which was good before, boots next
    #[command(alias = "rollback-to-inactive")]
    Rollback,
    /// The system that runs is not healthy: if it is on trial, note why, and
    /// reboot
    GiveUp,
    /// Whether a system of this node has ever been good
    HasBootEverSucceeded,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> Result<ExitCode> {
    let disk = Disk::find(&cli.root)?;
    let esp = disk.mount_esp()?;
    let mut slots = Slots::new(Directory::new(esp.entries()), disk.booted());
    match cli.command {
        Command::Status { json: true } => {
            let text = serde_json::to_string_pretty(&slots.states()?)?;
            println!("{text}");
        }
        Command::Status { json: false } => slots.states()?.iter().for_each(print),
        Command::MarkGood => mark_good(&mut slots, &esp)?,
        Command::GiveUp => give_up(&mut slots)?,
        Command::MarkBad { slot } => slots.mark_bad(slot)?,
        Command::Activate { version } => slots.activate(&version)?,
        Command::Cancel => slots.cancel()?,
        Command::Rollback => slots.rollback()?,
        Command::HasBootEverSucceeded => {
            let exists = ever_succeeded(&esp).try_exists();
            let exists = exists.context("failed to look at the ESP")?;
            println!("{exists}");
            return Ok(ExitCode::from(u8::from(!exists)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn mark_good(slots: &mut Slots<Directory>, esp: &Esp) -> Result<()> {
    slots.mark_good()?;
    tracing::info!("slot {} is good", slots.booted());
    let marker = ever_succeeded(esp);
    if !Path::new(&marker).exists() {
        files::replace(&marker, b"", 0o644)?;
    }
    look_back(slots)
}

/// How the other slot's system came to its end, if this good one runs after it.
fn look_back(slots: &mut Slots<Directory>) -> Result<()> {
    if slots.settle_passed_over()? {
        tracing::warn!("the boot loader could not start the other slot");
    }
    // This system is good, whether or not anybody can be told about the other one.
    if let Err(error) = report_failure(slots) {
        tracing::warn!("{error:#}");
    }
    Ok(())
}

/// What the other slot's system has failed with is told to whoever looks at
/// this one.
fn report_failure(slots: &Slots<Directory>) -> Result<()> {
    let other = slots.get(slots.booted().other())?;
    if other.health != Health::Bad {
        return Ok(());
    }
    let version = other.version.as_deref().unwrap_or("the system");
    let reason = match other.failure.as_deref().map(str::trim) {
        Some(reason) if !reason.is_empty() => reason,
        _ => "it did not start, or broke off without a word",
    };
    let message = format!("{version} in slot {} was not good: {reason}", other.slot);
    tracing::warn!("{message}");
    let client = Client::new(apiclient::DEFAULT_SOCKET);
    Ok(client.report_problem("update", &message)?)
}

fn give_up(slots: &mut Slots<Directory>) -> Result<()> {
    let reason = reason();
    if !slots.note_failure(&reason)? {
        tracing::error!("slot {} has been good, and is not given up", slots.booted());
        return look_back(slots);
    }
    tracing::error!("slot {} is not good: {reason}; rebooting", slots.booted());
    process::output(std::process::Command::new("/usr/bin/systemctl").arg("reboot"))?;
    Ok(())
}

/// What is wrong with the system that runs, as far as can be said.
fn reason() -> String {
    let client = Client::new(apiclient::DEFAULT_SOCKET).with_timeout(API_LIMIT);
    let mut reasons = match client.get::<serde_json::Value>("/status") {
        Ok(status) => {
            let reasons = status["reasons"].as_array().into_iter().flatten();
            let reasons = reasons.filter_map(|reason| reason.as_str().map(str::to_owned));
            reasons.collect()
        }
        Err(error) => vec![error.to_string()],
    };
    let mut failed = std::process::Command::new("/usr/bin/systemctl");
    failed.args(["list-units", "--state=failed", "--plain", "--no-legend"]);
    match process::stdout(&mut failed) {
        Ok(units) => {
            let names = units
                .lines()
                .filter_map(|line| line.split_whitespace().next());
            reasons.extend(names.map(|name| format!("{name} failed")));
        }
        Err(error) => reasons.push(error.to_string()),
    }
    if reasons.is_empty() {
        reasons.push("it was not ready in time".to_owned());
    }
    reasons.join("; ")
}

fn ever_succeeded(esp: &Esp) -> PathBuf {
    esp.path(EVER_SUCCEEDED)
}

fn print(state: &State) {
    let health = match state.health {
        Health::Empty => "empty".to_owned(),
        Health::Good => "good".to_owned(),
        Health::Bad => "bad".to_owned(),
        Health::Tried(tries) => format!("tried, {} boots left", tries.left),
    };
    let version = state.version.as_deref().unwrap_or("-");
    let booted = if state.booted { ", runs" } else { "" };
    let primary = if state.primary { ", boots next" } else { "" };
    println!("{}  {version}  {health}{booted}{primary}", state.slot);
    for line in state.failure.iter().flat_map(|reason| reason.lines()) {
        println!("   {line}");
    }
}
