//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

use crate::commands::apply::Apply;
use crate::commands::check::Check;
use crate::commands::diff::Diff;
use crate::commands::exec::Exec;
use crate::commands::get::Get;
use crate::commands::history::{History, Rollback};
use crate::commands::logs::Logs;
use crate::commands::raw::Raw;
use crate::commands::render::Render;
use crate::commands::schema::Schema;
use crate::commands::set::Set;
use crate::commands::unset::Unset;
use crate::commands::update::Update;
use crate::commands::validate::Validate;
use crate::output::Format;

/// Reads and changes the settings of this node through its API.
///
/// Without a command it sends one request, as `raw` does:
/// `apiclient -u /settings -m PATCH -d '{"motd": "hi"}'`
///
/// Exit codes: 0 if all went well, 1 if not, 2 if the command line makes no
/// sense.
#[derive(Debug, Parser)]
#[command(name = "apiclient", version)]
pub struct Cli {
    /// Socket of the API server
    #[arg(short, long, global = true, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    pub socket_path: PathBuf,

    /// How to print settings, status, history and changes [default: json for
    /// `get` and `status`, else table]
    #[arg(short, long, global = true, value_name = "FORMAT")]
    pub output: Option<Format>,

    /// What to log on standard error: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", default_value_t = LevelFilter::INFO)]
    pub log_level: LevelFilter,

    /// Log each request and its status code (as `--log-level debug`)
    #[arg(short, long, global = true)]
    pub verbose: bool,

    #[command(flatten)]
    pub raw: Raw,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send one request and print the body of the answer
    Raw(Raw),
    /// Print settings and facts about the OS
    Get(Get),
    /// Change settings, all of them or none
    Set(Set),
    /// Change settings to what TOML or JSON user data says, all or none
    Apply(Apply),
    /// Take back what was set: the value of the next weaker layer, such as the
    /// default, is in force again
    Unset(Unset),
    /// Print what a pending transaction would change
    Diff(Diff),
    /// Try changes without making them: print what would be set, which files
    /// would change and what would be restarted
    Check(Check),
    /// Print the last generations of settings, newest first
    History(History),
    /// Make the settings what they were in an earlier generation
    Rollback(Rollback),
    /// Print whether this node is degraded and why, and how the last change
    /// of settings went
    Status,
    /// Look for, take or take back another version of the OS
    Update(Update),
    /// Run a command in a host container
    Exec(Exec),
    /// Fetch logs and facts about the node, without secrets, for those who look for a
    /// fault
    Logs(Logs),
    /// Reboot this node
    Reboot,
    /// Check user data without a node
    Validate(Validate),
    /// Print, or write, the configuration files that a node makes of user
    /// data; needs no node
    Render(Render),
    /// Print the JSON Schema of user data's `settings`; needs no node
    Schema(Schema),
}

/// Explains what is wrong with the command line, and exits as clap does.
pub fn exit_with_usage(message: String) -> ! {
    Cli::command()
        .error(ErrorKind::ValueValidation, message)
        .exit()
}

#[cfg(test)]
mod generated;
