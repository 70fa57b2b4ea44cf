//! Runs a node in QEMU, in the background, and talks to it.

mod cli;
mod follow;
mod platform;
mod remote;
mod start;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use vm::{Detached, report};

use crate::cli::{Arguments, Command};

/// How long a node that is up may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(e) => {
            eprintln!("error: {}", applet::explain(&e));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let state = arguments.state.as_path();
    match arguments.command {
        Command::Start(start) => start::run(&start, state, arguments.tools.as_deref())?,
        Command::Relay { server } => {
            vm::relay(&server).with_context(|| format!("failed to relay to {server}"))?;
        }
        Command::MetadataService {
            platform,
            user_data,
        } => platform::serve(platform, user_data.as_deref())?,
        Command::Report { json } => {
            let report = report::collect(&remote::channel(state)?)?;
            if json {
                println!("{}", serde_json::to_string_pretty(&report)?);
            } else {
                remote::print(report.to_string().as_bytes(), io::stdout())?;
            }
        }
        Command::Run {
            stdin,
            timeout,
            context,
            argv,
        } => {
            let input = if stdin {
                Some(remote::read_input()?)
            } else {
                None
            };
            return remote::run(state, argv, input, context, timeout);
        }
        Command::Apiclient { arguments } => return remote::apiclient(state, arguments),
        Command::Journal { arguments } => {
            let program = ["/usr/bin/journalctl", "--no-pager"].map(str::to_owned);
            let argv = program.into_iter().chain(arguments).collect();
            return remote::run(state, argv, None, None, remote::DEFAULT_TIMEOUT_SECONDS);
        }
        Command::Read { path } => {
            let contents = remote::channel(state)?.read_file(&path)?;
            remote::print(&contents.data.0, io::stdout())?;
            if contents.truncated {
                bail!("{path} is longer than the channel carries; this is its beginning");
            }
        }
        Command::Console => follow::run(&Detached::find(state)?)?,
        Command::Status => print_status(state)?,
        Command::Stop { timeout } => {
            if !Detached::find(state)?.stop(Duration::from_secs(timeout))? {
                eprintln!("the node did not power off by itself and was ended");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_status(state: &Path) -> Result<()> {
    let node = Detached::find(state)?;
    let described = node.state();
    println!(
        "a node ({}) runs as process {}, {:.0} s of processor time used",
        described.architecture,
        described.pid,
        node.cpu_time().as_secs_f64()
    );
    Ok(())
}
