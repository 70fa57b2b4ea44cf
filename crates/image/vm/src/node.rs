//! A virtual machine that lives as long as its starter.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use dev_protocol::{Identity, Run};

use crate::arguments::{CHANNEL_SOCKET, CONSOLE_SOCKET, Mode};
use crate::channel::Channel;
use crate::console::{self, Console};
use crate::error::{Error, Result};
use crate::launch::{self, QEMU_LOG};
use crate::launcher;
use crate::monitor::Monitor;
use crate::options::Options;
use crate::procfs;
use crate::sockets;

/// How long QEMU may take to open its sockets.
const SOCKET_TIMEOUT: Duration = Duration::from_secs(30);

/// How often it is looked whether QEMU has come or gone.
const POLL: Duration = Duration::from_millis(10);

/// A running virtual machine. Dropping it ends it at once; a clean end is
/// [`Node::power_off`].
#[derive(Debug)]
pub struct Node {
    process: Process,
    console: Console,
    channel: Channel,
    monitor: Mutex<Monitor>,
    boot_mark: Mutex<usize>,
    notice: Option<String>,
    folder: PathBuf,
    // Removed last, when the process is gone.
    _temporary: Option<tempfile::TempDir>,
}

impl Node {
    /// Starts a virtual machine. It has not booted yet when this returns.
    pub fn start(options: &Options) -> Result<Node> {
        let (folder, temporary) = match &options.state {
            Some(folder) => (
                files::at("find", folder, std::path::absolute(folder))?,
                None,
            ),
            None => {
                let made = tempfile::Builder::new().prefix("vm-").tempdir();
                let folder = files::at("create a folder in", &std::env::temp_dir(), made)?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        let mut prepared = launch::prepare(options, &folder, Mode::Attached)?;
        let log = create(&folder.join(QEMU_LOG))?;
        let errors = files::at("open again", &folder.join(QEMU_LOG), log.try_clone())?;
        prepared
            .command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        let started = Instant::now();
        let process = Process(Mutex::new(
            launcher::spawn(prepared.command).map_err(Error::Start)?,
        ));
        let broken = |source| Error::Socket {
            socket: "console",
            source,
        };
        let socket = process.connect(&folder, "console", || {
            sockets::connect(&folder, CONSOLE_SOCKET).map_err(broken)
        })?;
        let timed_log = create(&folder.join("console.log"))?;
        let console = Console::follow(socket, timed_log, started).map_err(broken)?;
        let monitor = process.connect(&folder, "monitor", || Monitor::connect(&folder))?;
        let channel = process.connect(&folder, "channel", || {
            Channel::connect(&folder, CHANNEL_SOCKET)
        })?;
        Ok(Node {
            process,
            console,
            channel,
            monitor: Mutex::new(monitor),
            boot_mark: Mutex::new(0),
            notice: prepared.notice,
            folder,
            _temporary: temporary,
        })
    }

    /// What a person should know about how it runs, such as a KVM that does
    /// not work.
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// The state folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The serial console.
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// The development channel; see [`Node::wait_channel`].
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Waits until the development agent of the current boot answers.
    pub fn wait_channel(&self, within: Duration) -> Result<Identity> {
        let what = "an answer of the development agent";
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.channel.wait(left.min(Duration::from_secs(1))) {
                Ok(identity) => return Ok(identity),
                Err(_) if !left.is_zero() && !self.has_panicked() && self.is_running() => {}
                Err(_) => return Err(self.explain(what, within)),
            }
        }
    }

    /// Waits until systemd has worked off its boot, and returns the state it
    /// reports: `running`, `degraded`, ...
    pub fn wait_ready(&self, within: Duration) -> Result<String> {
        let deadline = Instant::now() + within;
        self.wait_channel(within)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = self.channel.run(system_state(left));
        match answer {
            Ok(done) if !done.timed_out => Ok(done.stdout.text().trim().to_owned()),
            Err(e @ Error::Agent { .. }) => Err(e),
            _ => Err(self.explain("the end of the boot", within)),
        }
    }

    /// Restarts the machine as its reset button does; the guest is not asked.
    pub fn reset(&self) -> Result<()> {
        let mut monitor = self.monitor();
        *self.boot_mark() = self.console.mark();
        monitor.execute("system_reset")?;
        monitor.wait_for("RESET", SOCKET_TIMEOUT).map(drop)
    }

    /// Interrupts the processors in a way that cannot be masked (NMI).
    pub fn interrupt(&self) -> Result<()> {
        self.monitor().execute("inject-nmi")
    }

    /// Presses the power button (ACPI); the guest decides what that means.
    pub fn press_power_button(&self) -> Result<()> {
        self.monitor().execute("system_powerdown")
    }

    /// Powers off through systemd, waits for the end of the machine and
    /// returns QEMU's exit status.
    pub fn power_off(&self, within: Duration) -> Result<ExitStatus> {
        let answer = self.channel.run(power_off());
        match answer {
            // The agent may be gone before its answer is.
            Ok(_) | Err(Error::Socket { .. } | Error::NoAnswer { .. } | Error::Restarted(_)) => {}
            Err(e) => return Err(e),
        }
        self.wait_exit(within)
    }

    /// Waits until the machine has ended by itself, and returns QEMU's exit
    /// status.
    pub fn wait_exit(&self, within: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.process.ended().map_err(Error::Start)? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                return Err(self.explain("the end of the virtual machine", within));
            }
            thread::sleep(POLL);
        }
    }

    /// Why the machine ended, in QEMU's words: `guest-shutdown`,
    /// `guest-reset`, `guest-panic`, ...
    pub fn shutdown_reason(&self) -> Result<String> {
        let data = self.monitor().wait_for("SHUTDOWN", SOCKET_TIMEOUT)?;
        Ok(data["reason"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether the machine still runs.
    pub fn is_running(&self) -> bool {
        matches!(self.process.ended(), Ok(None))
    }

    /// Whether the kernel of the current boot has given up.
    pub fn has_panicked(&self) -> bool {
        let text = self.console.text_from(*self.boot_mark());
        console::has_panicked(text.lines())
    }

    /// Processor time that QEMU has used so far; zero once it has ended.
    pub fn cpu_time(&self) -> Duration {
        let pid = self.process.lock().id();
        procfs::cpu_time(pid).unwrap_or_default()
    }

    /// The best error for something that did not happen.
    fn explain(&self, what: &str, within: Duration) -> Error {
        let (what, console) = (what.to_owned(), self.console.tail());
        if self.has_panicked() {
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

    fn monitor(&self) -> MutexGuard<'_, Monitor> {
        self.monitor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn boot_mark(&self) -> MutexGuard<'_, usize> {
        self.boot_mark
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks systemd for its state once the boot is worked off.
pub(crate) fn system_state(within: Duration) -> Run {
    Run {
        argv: ["/usr/bin/systemctl", "is-system-running", "--wait"]
            .map(Into::into)
            .into(),
        timeout_seconds: Some(within.as_secs().max(1)),
        ..Run::default()
    }
}

/// Asks systemd to power off.
pub(crate) fn power_off() -> Run {
    Run {
        argv: ["/usr/bin/systemctl", "poweroff", "--no-block"]
            .map(Into::into)
            .into(),
        ..Run::default()
    }
}

/// QEMU's process, killed when dropped.
#[derive(Debug)]
struct Process(Mutex<Child>);

impl Process {
    fn lock(&self) -> MutexGuard<'_, Child> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> io::Result<Option<ExitStatus>> {
        self.lock().try_wait()
    }

    /// Tries to connect until QEMU has opened its socket.
    fn connect<T>(
        &self,
        folder: &Path,
        socket: &'static str,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + SOCKET_TIMEOUT;
        loop {
            let error = match attempt() {
                Ok(connected) => return Ok(connected),
                Err(e) => e,
            };
            if let Some(status) = self
                .ended()
                .map_err(|source| Error::Socket { socket, source })?
            {
                let log = files::read(&folder.join(QEMU_LOG)).unwrap_or_default();
                let log = String::from_utf8_lossy(&log).trim().to_owned();
                return Err(Error::Refused(format!("{status}: {log}")));
            }
            if Instant::now() >= deadline {
                return Err(error);
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and been reaped.
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn create(path: &Path) -> Result<File> {
    Ok(files::at("create", path, File::create(path))?)
}
