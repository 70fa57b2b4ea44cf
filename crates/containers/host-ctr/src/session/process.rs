//! The command, with pipes or a terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use exec_protocol::{Initialize, Size};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};

use crate::run::{IMAGE, Places};
use crate::runc::Runc;

/// How long a command has to end when its client is gone.
const GRACE: Duration = Duration::from_secs(5);
/// What a terminal takes for the end of input.
const END_OF_INPUT: &[u8] = &[4];

/// A command that runs in a container.
pub(super) struct Process {
    child: Child,
    /// The file in which runc says the number of its process.
    pid: PathBuf,
    /// The window that it is seen in.
    pub window: Window,
    /// What it reads.
    pub input: Option<Input>,
    /// What it writes.
    pub outputs: Vec<Box<dyn AsyncRead + Send + Unpin>>,
}

/// Where a command reads from.
pub(super) enum Input {
    Pipe(ChildStdin),
    Terminal(tokio::fs::File),
}

impl Process {
    pub(super) fn start(places: &Places, wanted: &Initialize) -> Result<Self> {
        let bundle = places.bundle(&wanted.target);
        // Names become parts of paths.
        if wanted.target.contains('/') || !bundle.join(IMAGE).exists() {
            bail!(
                "no container `{}` runs; hint: {}",
                wanted.target,
                running(places)
            );
        }
        let pid = bundle.join(format!("exec-{}", std::process::id()));
        let mut options: Vec<OsString> = vec!["--pid-file".into(), pid.clone().into()];
        if wanted.tty.is_some() {
            options.extend(["--tty", "--env", "TERM=xterm-256color"].map(OsString::from));
        }
        let runc = Runc::new(&places.runc, &places.run);
        let mut command: tokio::process::Command =
            runc.exec(&wanted.target, &options, &wanted.command).into();
        let terminal = match wanted.tty {
            None => {
                command
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
                None
            }
            Some(tty) => {
                let (terminal, side) = open_terminal().context("failed to open a terminal")?;
                if let Some(size) = tty.size {
                    resize(&terminal, size);
                }
                command
                    .stdin(side.try_clone()?)
                    .stdout(side.try_clone()?)
                    .stderr(side);
                Some(terminal)
            }
        };
        let mut child = command.spawn().context("failed to run runc")?;
        let mut outputs: Vec<Box<dyn AsyncRead + Send + Unpin>> = Vec::new();
        let input = match &terminal {
            None => {
                outputs.extend(child.stdout.take().map(|output| Box::new(output) as _));
                outputs.extend(child.stderr.take().map(|output| Box::new(output) as _));
                child.stdin.take().map(Input::Pipe)
            }
            Some(terminal) => {
                outputs.push(Box::new(tokio::fs::File::from_std(terminal.try_clone()?)));
                Some(Input::Terminal(terminal.try_clone()?.into()))
            }
        };
        let window = Window {
            terminal: terminal.map(Arc::new),
            runc: child.id().and_then(|id| Pid::from_raw(id.cast_signed())),
        };
        Ok(Self {
            child,
            pid,
            window,
            input,
            outputs,
        })
    }

    /// Its exit code, or 128 and the number of the signal that ended it.
    pub(super) async fn wait(&mut self) -> Result<u8> {
        let status = self.child.wait().await.context("failed to wait")?;
        Ok(crate::cli::exit_code(status))
    }

    /// Ends the command, if it has not ended: nobody looks at it any more.
    pub(super) async fn end(mut self) {
        if let Ok(None) = self.child.try_wait() {
            let number = files::read_to_string(&self.pid).ok();
            let number = number.and_then(|text| text.trim().parse().ok());
            let process = number
                .and_then(Pid::from_raw)
                .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
            if let Some(process) = &process {
                let _ = pidfd_send_signal(process, Signal::HUP);
                let _ = pidfd_send_signal(process, Signal::TERM);
            }
            if tokio::time::timeout(GRACE, self.child.wait())
                .await
                .is_err()
            {
                if let Some(process) = &process {
                    let _ = pidfd_send_signal(process, Signal::KILL);
                }
                let _ = self.child.kill().await;
            }
        }
        let _ = std::fs::remove_file(&self.pid);
    }
}

/// The window of a command, if it has a terminal.
#[derive(Clone)]
pub(super) struct Window {
    terminal: Option<Arc<File>>,
    runc: Option<Pid>,
}

impl Window {
    /// It has another size.
    pub(super) fn resize(&self, size: Size) {
        let (Some(terminal), Some(runc)) = (&self.terminal, self.runc) else {
            return;
        };
        resize(terminal, size);
        // runc passes it on when it is told.
        let _ = kill_process(runc, Signal::WINCH);
    }
}

/// The containers that run.
fn running(places: &Places) -> String {
    let entries = std::fs::read_dir(&places.run)
        .into_iter()
        .flatten()
        .flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().join(IMAGE).exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    match names.is_empty() {
        true => "none runs".to_owned(),
        false => format!("these run: {}", names.join(", ")),
    }
}

impl Input {
    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let input: &mut (dyn AsyncWrite + Send + Unpin) = match self {
            Self::Pipe(pipe) => pipe,
            Self::Terminal(terminal) => terminal,
        };
        input.write_all(bytes).await?;
        input.flush().await
    }

    /// There is no more.
    pub(super) async fn finish(mut self) {
        if let Self::Terminal(_) = self {
            let _ = self.write(END_OF_INPUT).await;
        }
    }
}

/// A terminal: our side of it, and that of the command.
fn open_terminal() -> io::Result<(File, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let side = rustix::fs::open(&*name, flags, rustix::fs::Mode::empty())?;
    // What arrives before runc has done so goes on as it is, too: the terminal that
    // the command sees is another one.
    let mut raw = tcgetattr(&side)?;
    raw.make_raw();
    tcsetattr(&side, OptionalActions::Now, &raw)?;
    Ok((File::from(ours), side))
}

fn resize(terminal: &File, size: Size) {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // One that is gone has no size.
    let _ = tcsetwinsize(terminal, size);
}
