//! Running a program to its end with its streams captured.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use dev_protocol::{DEFAULT_TIMEOUT_SECONDS, Finished, MAX_OUTPUT_BYTES, Run};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::context;

/// How long a stream is read that outlives its program because a process left
/// behind holds it open.
const LINGER: Duration = Duration::from_millis(500);

/// Longest timeout a request can ask for.
const MAX_TIMEOUT_SECONDS: u64 = 24 * 60 * 60;

/// Runs what a request asks for; the error is a sentence.
pub(crate) fn run(run: &Run) -> Result<Finished, String> {
    let [program, arguments @ ..] = run.argv.as_slice() else {
        return Err("the request names no program".to_owned());
    };
    let mut command = Command::new(program);
    // Its own process group, so that a timeout ends its children too.
    command.args(arguments).process_group(0);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child =
        context::spawn(&mut command, run.context.as_deref()).map_err(|e| e.to_string())?;
    let seconds = run.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let timeout = Duration::from_secs(seconds.min(MAX_TIMEOUT_SECONDS));
    let input = run.stdin.as_ref().map_or(&[][..], |b| &b.0);
    capture(&mut child, input, timeout).map_err(|e| {
        // Reaping can only fail if it was reaped already.
        let _ = child.kill().and_then(|()| child.wait());
        format!("lost track of {program}: {e}")
    })
}

fn capture(child: &mut Child, input: &[u8], timeout: Duration) -> io::Result<Finished> {
    let pid = Pid::from_child(child);
    let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
    let mut stdin = Feed::new(child.stdin.take(), input)?;
    let mut stdout = Drain::new(child.stdout.take())?;
    let mut stderr = Drain::new(child.stderr.take())?;
    let mut deadline = Instant::now() + timeout;
    let mut status: Option<ExitStatus> = None;
    let mut timed_out = false;
    while status.is_none() || stdout.is_open() || stderr.is_open() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            if status.is_some() {
                break;
            }
            timed_out = true;
            // It may have ended just now; then there is nothing to kill.
            let _ = kill_process_group(pid, Signal::KILL);
            deadline = Instant::now() + LINGER;
        }
        let process = status.is_none().then(|| (pidfd.as_fd(), PollFlags::IN));
        wait(
            [
                process,
                stdin.waits_for(),
                stdout.waits_for(),
                stderr.waits_for(),
            ],
            left,
        )?;
        stdin.advance();
        stdout.advance();
        stderr.advance();
        if status.is_none() {
            status = child.try_wait()?;
            if status.is_some() {
                deadline = Instant::now() + LINGER;
            }
        }
    }
    Ok(Finished {
        exit: status.map_or(-1, |s| s.code().unwrap_or(128 + s.signal().unwrap_or(0))),
        truncated: stdout.truncated || stderr.truncated,
        stdout: stdout.bytes.into(),
        stderr: stderr.bytes.into(),
        timed_out,
    })
}

/// Sleeps until one of the descriptors is ready or the time is over.
fn wait(interests: [Option<(BorrowedFd<'_>, PollFlags)>; 4], left: Duration) -> io::Result<()> {
    let mut set: Vec<PollFd<'_>> = interests
        .iter()
        .flatten()
        .map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags))
        .collect();
    // No duration here is near the 292 billion years that would not fit.
    let timeout = Timespec::try_from(left).map_err(|_| io::ErrorKind::InvalidInput)?;
    match poll(&mut set, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Standard input, fed as the program takes it.
struct Feed<'a> {
    pipe: Option<ChildStdin>,
    rest: &'a [u8],
}

impl<'a> Feed<'a> {
    fn new(pipe: Option<ChildStdin>, input: &'a [u8]) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            fcntl_setfl(pipe, OFlags::NONBLOCK)?;
        }
        let mut feed = Feed { pipe, rest: input };
        feed.advance();
        Ok(feed)
    }

    fn waits_for(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        self.pipe.as_ref().map(|p| (p.as_fd(), PollFlags::OUT))
    }

    fn advance(&mut self) {
        while let Some(pipe) = self.pipe.as_mut().filter(|_| !self.rest.is_empty()) {
            match pipe.write(self.rest) {
                Ok(written) => self.rest = &self.rest[written..],
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // A program that closes its input wants no more of it.
                Err(_) => break,
            }
        }
        self.pipe = None;
    }
}

/// An output stream, read to its end but kept only up to the limit.
struct Drain<P> {
    pipe: Option<P>,
    bytes: Vec<u8>,
    truncated: bool,
}

impl<P: Read + AsFd> Drain<P> {
    fn new(pipe: Option<P>) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            fcntl_setfl(pipe, OFlags::NONBLOCK)?;
        }
        Ok(Drain {
            pipe,
            bytes: Vec::new(),
            truncated: false,
        })
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    fn waits_for(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        self.pipe.as_ref().map(|p| (p.as_fd(), PollFlags::IN))
    }

    fn advance(&mut self) {
        let mut piece = [0; 16384];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut piece) {
                Ok(0) => self.pipe = None,
                Ok(length) => self.keep(&piece[..length]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.pipe = None,
            }
        }
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = MAX_OUTPUT_BYTES - self.bytes.len();
        self.truncated |= piece.len() > room;
        self.bytes
            .extend_from_slice(&piece[..piece.len().min(room)]);
    }
}
