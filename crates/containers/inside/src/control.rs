//! The first program of the control container. People enter it by `apiclient exec`,
//! or through an agent that an image made from ours brings along.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

/// Runs the agent of the container, if there is one, until SIGTERM comes.
///
/// Exit codes: that of the agent; 0 without one; 1 if it cannot be started.
#[derive(Debug, Parser)]
#[command(name = "start-control", version)]
struct Cli {
    /// The agent that connects the node with those who look after it
    #[arg(
        long,
        value_name = "PROGRAM",
        default_value = "/usr/bin/amazon-ssm-agent"
    )]
    agent: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("failed to start")?;
        runtime.block_on(run(&cli.agent))
    })
}

async fn run(agent: &Path) -> Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut children = signal(SignalKind::child())?;
    let agent = match agent.exists() {
        true => Some(start(agent)?),
        false => None,
    };
    if agent.is_none() {
        info!("there is no agent; there is `apiclient exec control`");
    }
    loop {
        tokio::select! {
            _ = terminate.recv() => match agent {
                Some(pid) => { let _ = kill_process(pid, Signal::TERM); }
                None => return Ok(ExitCode::SUCCESS),
            },
            _ = children.recv() => {}
        }
        // The first process of a container is the parent of all that lose theirs.
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if Some(pid) == agent {
                let code = status.exit_status().unwrap_or(1);
                info!("the agent ended with {code}");
                return Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from));
            }
        }
    }
}

fn start(agent: &Path) -> Result<Pid> {
    let child = Command::new(agent).spawn();
    let child = child.with_context(|| agent.display().to_string())?;
    Pid::from_raw(child.id().cast_signed()).context("the agent has no process number")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> (tempfile::TempDir, PathBuf) {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("agent");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("a mode");
        (folder, path)
    }

    #[test]
    fn its_end_is_that_of_the_agent() {
        let (_folder, agent) = script("(sleep 0.1 &) ; exit 7");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .expect("a runtime");
        let code = runtime.block_on(run(&agent)).expect("an end");
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(7)));
        assert!(runtime.block_on(run(Path::new("/proc/version"))).is_err());
    }
}
