//! The applet `bootstrap-commands`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use apiclient::{Client, DEFAULT_SOCKET};
use clap::Parser;
use settings_model::groups::{BootstrapCommand, BootstrapMode};

use crate::step::{Step, read, take};

const GROUP: &str = "bootstrap-commands";

/// Runs the commands of `apiclient` that prepare the node.
///
/// Exit codes: 0 if no essential one failed, 1 if one did, 2 if the arguments make
/// no sense.
#[derive(Debug, Parser)]
#[command(name = "bootstrap-commands", version)]
struct Cli {
    /// The commands, as settings make them
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/bootstrap-commands/bootstrap-commands.toml"
    )]
    config: PathBuf,
    /// Socket of the API server
    #[arg(long, value_name = "SOCKET", default_value = DEFAULT_SOCKET)]
    socket_path: PathBuf,
    /// The program that all commands are of
    #[arg(long, value_name = "FILE", default_value = "/usr/bin/apiclient")]
    apiclient: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> Result<ExitCode> {
    let declared = read::<BootstrapCommand>(&cli.config, GROUP)?;
    let steps = declared.into_iter().map(|(name, command)| Step {
        name,
        mode: command.mode.unwrap_or(BootstrapMode::Off),
        essential: command.essential.unwrap_or(false),
        work: command.commands.unwrap_or_default(),
    });
    let client = Client::new(&cli.socket_path);
    Ok(take(steps, GROUP, &client, |_, commands| {
        for command in commands {
            // The model makes sure that the first word is `apiclient`.
            let words = command.words().iter().map(AsRef::as_ref);
            let words: Vec<&str> = words.skip(1).collect();
            let status = Command::new(&cli.apiclient).args(&words).status();
            let status = status.context("failed to run apiclient")?;
            ensure!(status.success(), "apiclient {}: {status}", words.join(" "));
        }
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_run_until_one_fails() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("commands.toml");
        let text = "[bootstrap-commands.a]\nmode = 'always'\nessential = true\n\
            commands = [['apiclient', 'get'], ['apiclient', 'set', 'motd=x']]\n";
        std::fs::write(&config, text).expect("a file");
        let with = |program: &str| {
            run(Cli {
                config: config.clone(),
                socket_path: "/nothing".into(),
                apiclient: program.into(),
            })
            .expect("settings make sense")
        };
        assert_eq!(with("true"), ExitCode::SUCCESS);
        assert_eq!(with("false"), ExitCode::FAILURE);
        assert_eq!(with("/nothing"), ExitCode::FAILURE);
    }
}
