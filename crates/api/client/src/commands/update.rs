//! `update`: another version of the OS.

mod progress;

use apiclient::{Client, Error};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;

use self::progress::Report;
use super::Result;
use crate::failure::Failure;
use crate::output::{self, Format};

#[derive(Debug, Args)]
pub struct Update {
    #[command(subcommand)]
    step: Step,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// Look for an update, and print the status
    Check,
    /// Write the update to the other slot, and let it boot next
    Apply {
        /// Look for a newer one first, if one was found before
        #[arg(short, long)]
        check: bool,
        /// Reboot into it
        #[arg(short, long)]
        reboot: bool,
    },
    /// The other slot does not boot next after all
    Cancel,
    /// The system that ran before this one boots next
    Rollback {
        /// Reboot into it
        #[arg(short, long)]
        reboot: bool,
    },
    /// Print how far the node is on its way to another version
    Status,
}

/// What decisions are made by; the rest of the status is printed as it is.
#[derive(Debug, Deserialize)]
struct Status {
    update_state: State,
    chosen_update: Option<System>,
    no_update_reason: Option<String>,
    staging_partition: Option<Installed>,
    most_recent_command: Option<LastCommand>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum State {
    Idle,
    Available,
    Staged,
    Ready,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct System {
    version: String,
}

#[derive(Debug, Deserialize)]
struct Installed {
    image: System,
}

#[derive(Debug, Deserialize)]
struct LastCommand {
    cmd_type: String,
    cmd_status: String,
    #[serde(default)]
    stderr: String,
}

impl Update {
    pub fn run(self, client: &Client, format: Option<Format>) -> Result {
        let as_json = format.unwrap_or(Format::Json);
        let report = Report::new(format);
        match self.step {
            Step::Status => output::print_tree(&client.get("/updates/status")?, as_json),
            Step::Check => {
                act(client, "refresh-updates", &report)?;
                output::print_tree(&client.get("/updates/status")?, as_json)
            }
            Step::Apply { check, reboot } => apply(client, check, reboot, &report),
            Step::Cancel => {
                act(client, "deactivate-update", &report)?;
                report.done(client, "this system boots next, as before")
            }
            Step::Rollback { reboot } => {
                let status = act(client, "rollback-update", &report)?;
                boots_next(client, &status, reboot, &report)
            }
        }
    }
}

fn apply(client: &Client, check: bool, reboot: bool, report: &Report) -> Result {
    let known = match client.get::<Status>("/updates/status") {
        // Nothing was asked since the boot.
        Err(error) if error.status() == Some(404) => None,
        status => Some(status?),
    };
    let mut status = match known {
        Some(status) if !check && status.update_state != State::Idle => status,
        _ => act(client, "refresh-updates", report)?,
    };
    let staged = status.staging_partition.as_ref().map(|s| &s.image);
    let is_new = status.chosen_update.is_some() && status.chosen_update.as_ref() != staged;
    match status.update_state {
        State::Idle => {
            let reason = status.no_update_reason.as_deref();
            return report.done(client, reason.unwrap_or("there is no update"));
        }
        State::Ready if !is_new => {}
        state => {
            if state == State::Ready {
                act(client, "deactivate-update", report)?;
            }
            if is_new {
                act(client, "prepare-update", report)?;
            }
            status = act(client, "activate-update", report)?;
        }
    }
    boots_next(client, &status, reboot, report)
}

fn boots_next(client: &Client, status: &Status, reboot: bool, report: &Report) -> Result {
    let version = match &status.staging_partition {
        Some(staged) => staged.image.version.as_str(),
        None => "the other slot",
    };
    if reboot {
        report.done(client, &format!("rebooting into {version}"))?;
        return Ok(client.send("POST", "/actions/reboot", None).map(drop)?);
    }
    report.done(client, &format!("{version} boots next: apiclient reboot"))
}

/// Has an action done, and waits for its end.
fn act(client: &Client, action: &str, report: &Report) -> Result<Status> {
    let path = format!("/actions/{action}");
    client
        .send("POST", &path, None)
        .map_err(|error| explain(client, error))?;
    report.follow(client, action)?;
    let status: Status = client.get("/updates/status")?;
    match &status.most_recent_command {
        Some(last) if last.cmd_status != "Success" => {
            let (message, hint) = match last.stderr.split_once("; hint: ") {
                Some((message, hint)) => (message, Some(hint.to_owned())),
                None => (last.stderr.as_str(), None),
            };
            let message = format!("failed to {}: {message}", last.cmd_type);
            Err(Failure::new(message).or_hint(hint))
        }
        _ => Ok(status),
    }
}

/// What is not allowed in a state may be what the last command has said no to.
fn explain(client: &Client, error: Error) -> Failure {
    let reason = match error.status() {
        Some(404 | 409) => client.get::<Value>("/updates/status").ok(),
        _ => None,
    };
    let reason = reason.and_then(|status| status["no_update_reason"].as_str().map(str::to_owned));
    Failure::from(error).or_hint(reason)
}
