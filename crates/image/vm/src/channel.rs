//! The host's side of the development channel.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dev_protocol::{
    Check, Contents, DEFAULT_TIMEOUT_SECONDS, FileSystem, Finished, Identity, Lines, List, Message,
    Operation, Outcome, Ping, Probe, ReadFile, Request, Run, Verdict,
};

use crate::error::{Error, Result};
use crate::sockets;

/// How long the agent may take on top of what a program or probe may take.
const SLACK: Duration = Duration::from_secs(30);

/// How often an unanswered ping is sent again.
const PING_INTERVAL: Duration = Duration::from_millis(500);

/// How long the guest may refuse to read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to the node's development agent; clones share it.
#[derive(Debug, Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    writer: Mutex<UnixStream>,
    waiting: Mutex<Waiting>,
    next_id: AtomicU64,
    /// Who answered the first ping.
    agent: OnceLock<Identity>,
}

#[derive(Debug, Default)]
struct Waiting {
    calls: HashMap<u64, Sender<Reply>>,
    closed: bool,
}

#[derive(Debug)]
enum Reply {
    Outcome(Outcome),
    Restarted,
}

impl Channel {
    /// Connects to the channel of the machine with this state folder. The
    /// agent may not be there yet: see [`Channel::wait`].
    pub(crate) fn connect(folder: &Path, socket: &str) -> Result<Channel> {
        sockets::connect(folder, socket)
            .and_then(Channel::over)
            .map_err(broken)
    }

    fn over(socket: UnixStream) -> io::Result<Channel> {
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let mut reader = socket.try_clone()?;
        // Answers to an earlier connection may still come: ids do not repeat.
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let shared = Arc::new(Shared {
            writer: Mutex::new(socket),
            waiting: Mutex::default(),
            next_id: AtomicU64::new(now.as_micros() as u64),
            agent: OnceLock::new(),
        });
        let dispatcher = Arc::downgrade(&shared);
        thread::Builder::new()
            .name("channel".to_owned())
            .spawn(move || {
                let (mut lines, mut piece) = (Lines::default(), [0; 16384]);
                while let Ok(length @ 1..) = reader.read(&mut piece) {
                    let Some(shared) = dispatcher.upgrade() else {
                        return;
                    };
                    for line in lines.push(&piece[..length]) {
                        // Lines torn by a restart are dropped, as the protocol says.
                        if let Ok(message) = dev_protocol::decode::<Message>(&line) {
                            shared.dispatch(message);
                        }
                    }
                }
                if let Some(shared) = dispatcher.upgrade() {
                    let mut waiting = shared.waiting();
                    waiting.closed = true;
                    waiting.calls.clear();
                }
            })?;
        Ok(Channel { shared })
    }

    /// Waits until the agent answers, and returns who it is.
    pub fn wait(&self, within: Duration) -> Result<Identity> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let ping = Operation::Ping(Ping {});
            match self.call(ping, "a ping", left.min(PING_INTERVAL)) {
                Ok(Outcome::Pong { pong }) => {
                    // Stays the first one: a later one is a restart.
                    let _ = self.shared.agent.set(pong.clone());
                    return Ok(pong);
                }
                Ok(other) => return Err(unexpected("a ping", other)),
                Err(Error::NoAnswer { request, .. }) if left.is_zero() => {
                    return Err(Error::NoAnswer { request, within });
                }
                Err(Error::NoAnswer { .. } | Error::Restarted(_)) => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Runs a program in the node to its end, whatever its exit code.
    pub fn run(&self, run: Run) -> Result<Finished> {
        let name = run.argv.join(" ");
        let seconds = run.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        let within = Duration::from_secs(seconds).saturating_add(SLACK);
        match self.call(Operation::Run(run), &name, within)? {
            Outcome::Finished(finished) => Ok(finished),
            other => Err(unexpected(&format!("run `{name}`"), other)),
        }
    }

    /// Runs a program that must succeed, and returns its standard output.
    pub fn output(&self, argv: &[&str]) -> Result<String> {
        let done = self.run(Run {
            argv: argv.iter().map(|&a| a.to_owned()).collect(),
            ..Run::default()
        })?;
        if done.exit != 0 {
            return Err(Error::Failed {
                command: argv.join(" "),
                exit: done.exit,
                stderr: done.stderr.text().trim().to_owned(),
            });
        }
        Ok(done.stdout.text().into_owned())
    }

    /// Tries an access from a SELinux context, or from the agent's own.
    pub fn probe(&self, check: Check, context: Option<&str>) -> Result<Verdict> {
        let name = format!("try {check:?} from {}", context.unwrap_or("its own domain"));
        let context = context.map(str::to_owned);
        match self.call(Operation::Probe(Probe { check, context }), &name, SLACK)? {
            Outcome::Probed { verdict } => Ok(verdict),
            other => Err(unexpected(&name, other)),
        }
    }

    /// Reads a file of the node as the agent.
    pub fn read_file(&self, path: &str) -> Result<Contents> {
        let name = format!("read {path}");
        let path = path.to_owned();
        match self.call(Operation::ReadFile(ReadFile { path }), &name, SLACK)? {
            Outcome::File(contents) => Ok(contents),
            other => Err(unexpected(&name, other)),
        }
    }

    /// The names in a folder of the node, as the agent sees them, sorted.
    pub fn list(&self, path: &str) -> Result<Vec<String>> {
        let name = format!("list {path}");
        let path = path.to_owned();
        match self.call(Operation::List(List { path }), &name, SLACK)? {
            Outcome::Listed { entries } => Ok(entries),
            other => Err(unexpected(&name, other)),
        }
    }

    /// The size in bytes of the file system at a path of the node.
    pub fn file_system_size(&self, path: &str) -> Result<u64> {
        let name = format!("examine the file system at {path}");
        let path = path.to_owned();
        match self.call(Operation::FileSystem(FileSystem { path }), &name, SLACK)? {
            Outcome::FileSystem { size } => Ok(size),
            other => Err(unexpected(&name, other)),
        }
    }

    fn call(&self, operation: Operation, name: &str, within: Duration) -> Result<Outcome> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = channel();
        {
            let mut waiting = self.shared.waiting();
            if waiting.closed {
                return Err(broken(io::ErrorKind::BrokenPipe.into()));
            }
            waiting.calls.insert(id, sender);
        }
        let line = dev_protocol::encode(&Request { id, operation });
        let sent = self.shared.send(&line);
        let reply = match sent {
            Ok(()) => receiver.recv_timeout(within),
            Err(e) => {
                self.shared.waiting().calls.remove(&id);
                return Err(broken(e));
            }
        };
        self.shared.waiting().calls.remove(&id);
        match reply {
            Ok(Reply::Outcome(outcome)) => Ok(outcome),
            Ok(Reply::Restarted) => Err(Error::Restarted(name.to_owned())),
            Err(RecvTimeoutError::Timeout) => Err(Error::NoAnswer {
                request: name.to_owned(),
                within,
            }),
            Err(RecvTimeoutError::Disconnected) => {
                Err(broken(io::ErrorKind::ConnectionReset.into()))
            }
        }
    }
}

impl Shared {
    /// A line feed first: whatever was torn before is no part of this line.
    fn send(&self, line: &[u8]) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write_all(b"\n")?;
        writer.write_all(line)
    }

    fn dispatch(&self, message: Message) {
        let mut waiting = self.waiting();
        // Nobody may be left to receive: that call timed out.
        match message {
            Message::Answer(answer) => {
                if let Some(call) = waiting.calls.remove(&answer.id) {
                    let _ = call.send(Reply::Outcome(answer.outcome));
                }
            }
            // The guest hears of the end of the last visit late at times: the
            // agent then greets this one in the middle of it.
            Message::Hello(greeting) if self.agent.get() == Some(&greeting.hello) => {}
            // A new agent knows nothing of what an earlier one was asked.
            Message::Hello(_) => {
                for (_, call) in waiting.calls.drain() {
                    let _ = call.send(Reply::Restarted);
                }
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let writer = self
            .writer
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        // Ends the reading thread; the other side may be gone already.
        let _ = writer.shutdown(std::net::Shutdown::Both);
    }
}

fn broken(source: io::Error) -> Error {
    Error::Socket {
        socket: "channel",
        source,
    }
}

fn unexpected(request: &str, outcome: Outcome) -> Error {
    let error = match outcome {
        Outcome::Failed { error } => error,
        other => format!("unexpected answer {other:?}"),
    };
    Error::Agent {
        request: request.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests;
