//! `sudo` for hands and manuals that are used to it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;

/// Runs a command: whoever is in this container is root already.
///
/// Exit codes: those of the command; 1 if it cannot be run.
#[derive(Debug, Parser)]
#[command(name = "sudo", version)]
struct Cli {
    /// The command and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Runs the applet; `arguments` includes its name.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| -> Result<ExitCode> {
        let error = Command::new(&cli.command[0]).args(&cli.command[1..]).exec();
        Err(error).with_context(|| cli.command[0].display().to_string())
    })
}
