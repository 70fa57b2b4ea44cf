//! A virtual machine in the background, known by its state folder.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::arguments::{CHANNEL_SOCKET, CONSOLE_LOG, Mode, PID_FILE};
use crate::channel::Channel;
use crate::console::{has_panicked, plain, tail};
use crate::error::{Error, Result};
use crate::launch;
use crate::monitor::Monitor;
use crate::node::{power_off, system_state};
use crate::options::Options;
use crate::procfs;

/// What is known about the virtual machine, in the state folder.
const RECORD: &str = "node.json";

const POLL: Duration = Duration::from_millis(50);

/// How long a node that is up takes to answer a ping.
const AGENT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long QEMU takes to end once it is told to.
const QUIT_TIMEOUT: Duration = Duration::from_secs(10);

/// What a virtual machine in the background is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// QEMU's process.
    pub pid: u32,
    /// When that process started, in clock ticks since this machine's boot:
    /// tells it from a later process of the same number.
    start_time: u64,
    /// This machine's boot.
    boot_id: String,
    /// When the virtual machine was started, in seconds since 1970.
    pub started: u64,
    /// Architecture of the virtual machine.
    pub architecture: String,
}

/// A virtual machine that runs in the background, in a session of its own.
#[derive(Debug)]
pub struct Detached {
    folder: PathBuf,
    state: State,
}

impl Detached {
    /// Starts one. The options' state folder is not used: `folder` is. Returns
    /// also what a person should know about how it runs.
    pub fn start(options: &Options, folder: &Path) -> Result<(Detached, Option<String>)> {
        match Detached::find(folder) {
            Ok(running) => return Err(Error::Running(running.state.pid)),
            Err(Error::NotRunning) => {}
            Err(e) => return Err(e),
        }
        let folder = files::at("find", folder, std::path::absolute(folder))?;
        let mut prepared = launch::prepare(options, &folder, Mode::Detached)?;
        process::output(&mut prepared.command)?;
        let pid_file = folder.join(PID_FILE);
        let text = files::read_to_string(&pid_file)?;
        let gone = || Error::Refused(format!("no process `{}`", text.trim()));
        let pid = text.trim().parse().map_err(|_| gone())?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let state = State {
            pid,
            start_time: procfs::start_time(pid).ok_or_else(gone)?,
            boot_id: procfs::boot_id(),
            started: now.as_secs(),
            architecture: options.architecture.name.to_owned(),
        };
        let json = serde_json::to_vec_pretty(&state).expect("the state is plain data");
        files::replace(&folder.join(RECORD), &json, 0o644)?;
        Ok((Detached { folder, state }, prepared.notice))
    }

    /// The one of a state folder, if it runs. What a crash or a restart of
    /// this machine left in the folder counts as nothing.
    pub fn find(folder: &Path) -> Result<Detached> {
        let json = match files::read(&folder.join(RECORD)) {
            Err(e) if e.is_not_found() => return Err(Error::NotRunning),
            read => read?,
        };
        let Ok(state) = serde_json::from_slice::<State>(&json) else {
            return Err(Error::NotRunning);
        };
        if !is_running(&state) {
            return Err(Error::NotRunning);
        }
        Ok(Detached {
            folder: folder.to_owned(),
            state,
        })
    }

    /// What it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether it still runs.
    pub fn is_running(&self) -> bool {
        is_running(&self.state)
    }

    /// A connection to its development channel, which serves one at a time;
    /// waits until the agent answers.
    pub fn channel(&self, within: Duration) -> Result<Channel> {
        let channel = Channel::connect(&self.folder, CHANNEL_SOCKET)?;
        channel.wait(within)?;
        Ok(channel)
    }

    /// Waits until systemd has worked off its boot, and returns the state it
    /// reports: `running`, `degraded`, ...
    pub fn wait_ready(&self, within: Duration) -> Result<String> {
        let what = "the end of the boot";
        let deadline = Instant::now() + within;
        let channel = Channel::connect(&self.folder, CHANNEL_SOCKET)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match channel.wait(left.min(Duration::from_secs(1))) {
                Ok(_) => break,
                Err(_) if left.is_zero() => return Err(self.explain(what, within)),
                Err(_) => {}
            }
            if !self.is_running() || self.has_panicked() {
                return Err(self.explain(what, within));
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match channel.run(system_state(left)) {
            Ok(done) if !done.timed_out => Ok(done.stdout.text().trim().to_owned()),
            Err(e @ Error::Agent { .. }) => Err(e),
            _ => Err(self.explain(what, within)),
        }
    }

    fn console_lines(&self) -> Vec<String> {
        plain(&files::read(&self.console_log()).unwrap_or_default())
    }

    fn has_panicked(&self) -> bool {
        has_panicked(self.console_lines().iter().map(String::as_str))
    }

    /// The best error for something that did not happen.
    fn explain(&self, what: &str, within: Duration) -> Error {
        let what = what.to_owned();
        let lines = self.console_lines();
        let panicked = has_panicked(lines.iter().map(String::as_str));
        let console = tail(lines);
        if panicked {
            Error::Panicked { what, console }
        } else if !self.is_running() {
            Error::Ended { what, console }
        } else {
            Error::Timeout {
                what,
                within,
                console,
            }
        }
    }

    /// The console's output so far, as the guest sent it.
    pub fn console_log(&self) -> PathBuf {
        self.folder.join(CONSOLE_LOG)
    }

    /// Processor time that QEMU has used so far.
    pub fn cpu_time(&self) -> Duration {
        procfs::cpu_time(self.state.pid).unwrap_or_default()
    }

    /// Powers off through systemd, or, if no agent answers, with the power
    /// button; if the node has not ended in time, ends it the hard way.
    /// Returns whether it was clean.
    pub fn stop(&self, within: Duration) -> Result<bool> {
        let asked = self
            .channel(AGENT_TIMEOUT)
            .and_then(|channel| channel.run(power_off()));
        if !matches!(asked, Ok(done) if done.exit == 0) && !self.has_panicked() {
            // The node may also be ending already, and QEMU with it.
            let _ = Monitor::connect(&self.folder).and_then(|mut m| m.execute("system_powerdown"));
        }
        if !self.has_panicked() && self.wait_end(within) {
            return Ok(true);
        }
        self.kill()?;
        Ok(false)
    }

    fn kill(&self) -> Result<()> {
        let quit = Monitor::connect(&self.folder).and_then(|mut m| m.execute("quit"));
        if (quit.is_ok() && self.wait_end(QUIT_TIMEOUT)) || !self.is_running() {
            return Ok(());
        }
        if let Some(pid) = i32::try_from(self.state.pid).ok().and_then(Pid::from_raw) {
            // Fails only for a process that has just ended.
            let _ = kill_process(pid, Signal::KILL);
        }
        if self.wait_end(QUIT_TIMEOUT) {
            return Ok(());
        }
        Err(Error::Running(self.state.pid))
    }

    fn wait_end(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        while self.is_running() {
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(POLL);
        }
        true
    }
}

fn is_running(state: &State) -> bool {
    state.boot_id == procfs::boot_id() && procfs::start_time(state.pid) == Some(state.start_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn this_process() -> State {
        let pid = std::process::id();
        State {
            pid,
            start_time: procfs::start_time(pid).unwrap(),
            boot_id: procfs::boot_id(),
            started: 0,
            architecture: "x86_64".to_owned(),
        }
    }

    #[test]
    fn stale_records_are_recognised() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            Detached::find(folder.path()),
            Err(Error::NotRunning)
        ));
        let write = |state: &State| {
            std::fs::write(
                folder.path().join(RECORD),
                serde_json::to_vec(state).unwrap(),
            )
            .unwrap();
        };
        let state = this_process();
        write(&state);
        assert_eq!(Detached::find(folder.path()).unwrap().state, state);
        let cases = [
            (
                "process is gone",
                State {
                    pid: u32::MAX,
                    ..state.clone()
                },
            ),
            (
                "number was used again",
                State {
                    start_time: 1,
                    ..state.clone()
                },
            ),
            (
                "this machine restarted",
                State {
                    boot_id: "other".to_owned(),
                    ..state
                },
            ),
        ];
        for (name, state) in cases {
            write(&state);
            assert!(
                matches!(Detached::find(folder.path()), Err(Error::NotRunning)),
                "{name}"
            );
        }
        std::fs::write(folder.path().join(RECORD), "{").unwrap();
        assert!(matches!(
            Detached::find(folder.path()),
            Err(Error::NotRunning)
        ));
    }
}
