//! From request lines to answer lines.

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use dev_protocol::{
    Answer, Contents, Hello, Identity, Lines, MAX_OUTPUT_BYTES, Message, Operation, Outcome,
    PROTOCOL, Request,
};

use crate::{capture, probe};

/// More requests at a time than this are refused: each has its own thread.
const MAX_IN_FLIGHT: usize = 32;

/// Answers requests; may be shared by several connections.
#[derive(Debug)]
pub struct Server {
    identity: Identity,
    in_flight: AtomicUsize,
}

impl Server {
    /// A server of the boot it runs in.
    #[allow(clippy::new_without_default, reason = "reads the boot id")]
    pub fn new() -> Server {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Server {
            identity: Identity {
                protocol: PROTOCOL,
                boot: boot.trim().to_owned(),
                process: std::process::id(),
            },
            in_flight: AtomicUsize::new(0),
        }
    }

    /// Greets, then answers each request in a thread of its own until the
    /// other side closes. What is no request is ignored.
    pub fn serve<W>(self: &Arc<Self>, mut requests: impl Read, answers: W) -> io::Result<()>
    where
        W: Write + Send + 'static,
    {
        let answers = Arc::new(Mutex::new(answers));
        let hello = Message::Hello(Hello {
            hello: self.identity.clone(),
        });
        send(&answers, &hello)?;
        let (mut lines, mut piece) = (Lines::default(), [0; 8192]);
        loop {
            let length = match requests.read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            for line in lines.push(&piece[..length]) {
                match dev_protocol::decode::<Request>(&line) {
                    Ok(request) => self.accept(request, &answers)?,
                    Err(e) => eprintln!("ignored a line: {e}"),
                }
            }
        }
    }

    fn accept<W>(self: &Arc<Self>, request: Request, answers: &Arc<Mutex<W>>) -> io::Result<()>
    where
        W: Write + Send + 'static,
    {
        let Request { id, operation } = request;
        if self.in_flight.fetch_add(1, Ordering::Relaxed) >= MAX_IN_FLIGHT {
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            let error = format!("more than {MAX_IN_FLIGHT} requests in flight");
            let outcome = Outcome::Failed { error };
            return send(answers, &Message::Answer(Answer { id, outcome }));
        }
        let (server, answers) = (Arc::clone(self), Arc::clone(answers));
        thread::Builder::new().spawn(move || {
            let outcome = server.outcome(&operation);
            server.in_flight.fetch_sub(1, Ordering::Relaxed);
            if let Err(e) = send(&answers, &Message::Answer(Answer { id, outcome })) {
                eprintln!("failed to send an answer: {e}");
            }
        })?;
        Ok(())
    }

    fn outcome(&self, operation: &Operation) -> Outcome {
        let done = match operation {
            Operation::Run(run) => capture::run(run).map(Outcome::Finished),
            Operation::Probe(probe) => {
                probe::parent(probe).map(|verdict| Outcome::Probed { verdict })
            }
            Operation::ReadFile(file) => read_file(&file.path).map(Outcome::File),
            Operation::List(folder) => {
                list(&folder.path).map(|entries| Outcome::Listed { entries })
            }
            Operation::FileSystem(place) => {
                file_system_size(&place.path).map(|size| Outcome::FileSystem { size })
            }
            Operation::Ping(_) => Ok(Outcome::Pong {
                pong: self.identity.clone(),
            }),
        };
        done.unwrap_or_else(|error| Outcome::Failed { error })
    }
}

fn send(answers: &Mutex<impl Write>, message: &Message) -> io::Result<()> {
    let line = dev_protocol::encode(message);
    // A thread that panicked while writing has torn its line; the host drops
    // that one, and the next is whole again.
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    answers.write_all(&line)?;
    answers.flush()
}

fn read_file(path: &str) -> Result<Contents, String> {
    let mut data = Vec::new();
    std::fs::File::open(path)
        .and_then(|f| f.take(MAX_OUTPUT_BYTES as u64 + 1).read_to_end(&mut data))
        .map_err(|e| format!("failed to read {path}: {e}"))?;
    let truncated = data.len() > MAX_OUTPUT_BYTES;
    data.truncate(MAX_OUTPUT_BYTES);
    Ok(Contents {
        data: data.into(),
        truncated,
    })
}

fn list(path: &str) -> Result<Vec<String>, String> {
    let mut entries: Vec<String> = std::fs::read_dir(path)
        .and_then(|folder| {
            folder
                .map(|e| Ok(e?.file_name().to_string_lossy().into()))
                .collect()
        })
        .map_err(|e| format!("failed to list {path}: {e}"))?;
    entries.sort_unstable();
    Ok(entries)
}

fn file_system_size(path: &str) -> Result<u64, String> {
    rustix::fs::statvfs(path)
        .map(|found| found.f_blocks * found.f_frsize)
        .map_err(|e| format!("failed to examine the file system at {path}: {e}"))
}

#[cfg(test)]
mod tests;
