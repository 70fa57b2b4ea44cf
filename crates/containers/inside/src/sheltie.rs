//! A shell in the namespaces of the host, which has none itself.
//!
//! The shell and its tools are static programs of the container, and stay there: a
//! process that remains in the container lends its root, `/proc/PID/root`, to those
//! that have gone over. Nothing is mounted or copied, and nothing is left behind.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, pipe};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

const HOST_PATH: &str = "/usr/sbin:/usr/bin";

/// Opens a shell on the host, or runs a command there.
///
/// Works in superpowered containers, such as admin. Tools are those of busybox, and
/// what the host has.
///
/// Exit codes: those of the shell; 1 if there is no way to the host.
#[derive(Debug, Parser)]
#[command(name = "sheltie", version)]
struct Cli {
    /// Lend the container's root until standard input ends
    #[arg(long, hide = true)]
    lend: bool,
    /// A command and its arguments, in place of a shell
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

/// Runs the applet; `arguments` includes its name.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| match cli.lend {
        true => {
            std::io::stdin().read_to_end(&mut Vec::new())?;
            Ok(ExitCode::SUCCESS)
        }
        false => enter(&cli.command),
    })
}

fn enter(command: &[OsString]) -> Result<ExitCode> {
    let first = File::open("/proc/1/comm").and_then(std::io::read_to_string);
    ensure!(
        first.is_ok_and(|name| name.trim() == "systemd"),
        "this container has processes of its own; hint: only a superpowered one sees the host"
    );
    let init = pidfd_open(Pid::INIT, PidfdFlags::empty()).context("the host's first process")?;
    let (lending, ours) = pipe().context("failed to make a pipe")?;
    let lender = Command::new("/proc/self/exe")
        .arg0("sheltie")
        .arg("--lend")
        .stdin(lending)
        .stdout(Stdio::null())
        // What is typed at the shell is not for it.
        .process_group(0)
        .spawn()
        .context("failed to start the lender")?;
    // Shared with all that the shell starts: it lends as long as one of them is there.
    fcntl_setfd(&ours, FdFlags::empty()).context("failed to share a pipe")?;
    let lent = Path::new("/proc").join(lender.id().to_string());
    let lent = lent.join("root/usr/lib/sheltie");
    let tools = lent.join("bin");
    let host = ThreadNameSpaceType::MOUNT
        | ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME
        | ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION
        | ThreadNameSpaceType::NETWORK
        | ThreadNameSpaceType::CONTROL_GROUP;
    move_into_thread_name_spaces(init.as_fd(), host)
        .context("the host does not let this container in")?;
    let shell = [OsString::from("sh")];
    let command = if command.is_empty() { &shell } else { command };
    let error = Command::new(find(&tools, &command[0]))
        .arg0(&command[0])
        .args(&command[1..])
        .env("PATH", format!("{HOST_PATH}:{}", tools.display()))
        .env("HOME", "/root")
        .env("ENV", lent.join("profile"))
        .current_dir("/")
        .exec();
    Err(error).with_context(|| format!("{:?}", command[0]))
}

/// A program: the host's, if it has one of that name; else busybox, which is what it is
/// called.
fn find(tools: &Path, name: &OsStr) -> OsString {
    if Path::new(name).components().count() > 1 {
        return name.to_owned();
    }
    let mut folders = HOST_PATH.split(':').map(Path::new);
    let found = folders.find_map(|folder| {
        let path = folder.join(name);
        path.exists().then(|| path.into_os_string())
    });
    found.unwrap_or_else(|| tools.join("busybox").into_os_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_the_hosts_or_lent() {
        let tools = Path::new("/proc/7/root/tools");
        for (name, program) in [
            ("lent", "/proc/7/root/tools/busybox"),
            ("/opt/a", "/opt/a"),
            ("env", "/usr/bin/env"),
        ] {
            assert_eq!(find(tools, OsStr::new(name)), program);
        }
    }
}
