//! The conversation with the service manager.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::time::{Instant, timeout_at};
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Connection, MatchRule, MessageStream, ObjectPath};

use crate::job::Job;

/// Where the system's bus listens.
pub const SYSTEM_BUS: &str = "/run/dbus/system_bus_socket";

const NAME: &str = "org.freedesktop.systemd1";
const PATH: &str = "/org/freedesktop/systemd1";
const INTERFACE: &str = "org.freedesktop.systemd1.Manager";

/// Jobs that may end while others are asked for: with more, the connection
/// would stand still.
const MAX_QUEUED: Option<NonZero<usize>> = NonZero::new(4096);

/// How long the manager may take to answer, which is no waiting for jobs.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bus, or the manager on it, cannot be reached.
    #[error("failed to reach the service manager through {}: {reason}", socket.display())]
    Connect {
        /// The socket of the bus.
        socket: PathBuf,
        /// What went wrong.
        reason: String,
    },
    /// The manager did not take a request.
    #[error("the service manager refused {request}: {reason}")]
    Refused {
        /// The method, and the unit if it is about one.
        request: String,
        /// What the manager, or the connection, said.
        reason: String,
    },
    /// A job ended without having done what it was for.
    #[error("the job for {unit} ended with `{result}`")]
    Job {
        /// The unit.
        unit: String,
        /// `failed`, `canceled`, `timeout`, `dependency`, `skipped`, …, as the
        /// signal `JobRemoved` has it.
        result: String,
    },
    /// A job did not end in time; it goes on.
    #[error("the job for {unit} did not end within {} s", limit.as_secs())]
    Time {
        /// The unit.
        unit: String,
        /// How long it was waited for.
        limit: Duration,
    },
}

/// A connection to the service manager.
#[derive(Debug)]
pub struct Manager {
    runtime: Runtime,
    connection: Connection,
    signals: MessageStream,
}

impl Manager {
    /// Connects to the manager of this system.
    pub fn connect() -> Result<Manager, Error> {
        Self::through(Path::new(SYSTEM_BUS))
    }

    /// Connects to the manager on the bus at `socket`.
    pub fn through(socket: &Path) -> Result<Manager, Error> {
        let failed = |reason: String| Error::Connect {
            socket: socket.to_owned(),
            reason,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| failed(e.to_string()))?;
        let connected = runtime.block_on(async {
            let deadline = Instant::now() + ANSWER_LIMIT;
            let connecting = async {
                let stream = UnixStream::connect(socket)?;
                let connection = Builder::unix_stream(stream).build().await?;
                // Before the first job: no signal is missed.
                let removals = MatchRule::builder()
                    .msg_type(Type::Signal)
                    .path(PATH)
                    .interface(INTERFACE)
                    .member("JobRemoved")
                    .build()?;
                let signals =
                    MessageStream::for_match_rule(removals, &connection, MAX_QUEUED).await?;
                // Who has not asked for signals is sent none.
                connection
                    .call_method(Some(NAME), PATH, Some(INTERFACE), "Subscribe", &())
                    .await?;
                Ok::<_, zbus::Error>((connection, signals))
            };
            match timeout_at(deadline, connecting).await {
                Ok(Ok(connected)) => Ok(connected),
                Ok(Err(error)) => Err(failed(error.to_string())),
                Err(_) => Err(failed("it does not answer".to_owned())),
            }
        });
        let (connection, signals) = connected?;
        Ok(Manager {
            runtime,
            connection,
            signals,
        })
    }

    /// Has the manager read its units again.
    pub fn reload(&mut self) -> Result<(), Error> {
        let reload = call(&self.connection, "Reload", &(), "its units");
        self.runtime.block_on(reload).map(drop)
    }

    /// Asks for jobs, in their order, and waits for none of them. Returns which were
    /// taken on.
    pub fn enqueue(&mut self, jobs: &[Job]) -> Vec<Result<(), Error>> {
        let connection = &self.connection;
        self.runtime.block_on(async {
            let mut enqueued = Vec::new();
            for job in jobs {
                enqueued.push(enqueue(connection, job).await.map(drop));
            }
            enqueued
        })
    }

    /// Asks for jobs, in their order, and then waits for all of them together.
    /// Returns what became of each; one that fails stops no other.
    pub fn run(&mut self, jobs: &[Job], limit: Duration) -> Vec<Result<(), Error>> {
        let (connection, signals) = (&self.connection, &mut self.signals);
        self.runtime
            .block_on(async move { run(connection, signals, jobs, limit).await })
    }
}

async fn run(
    connection: &Connection,
    signals: &mut MessageStream,
    jobs: &[Job],
    limit: Duration,
) -> Vec<Result<(), Error>> {
    let mut enqueued = Vec::new();
    for job in jobs {
        enqueued.push(enqueue(connection, job).await);
    }
    // Two requests may be one job: then both have its result.
    let mut waiting: BTreeSet<&String> = enqueued.iter().flatten().collect();
    let mut results: BTreeMap<String, String> = BTreeMap::new();
    let deadline = Instant::now() + limit;
    while !waiting.is_empty() {
        let Ok(Some((path, result))) = timeout_at(deadline, next_removed(signals)).await else {
            break;
        };
        waiting.remove(&path);
        results.insert(path, result);
    }
    let outcome = |(enqueued, job): (Result<String, Error>, &Job)| {
        let unit = job.unit.clone();
        match results.get(&enqueued?).map(String::as_str) {
            // `skipped`: its conditions are not met, as with a start by hand.
            Some("done" | "skipped") => Ok(()),
            Some(result) => Err(Error::Job {
                unit,
                result: result.to_owned(),
            }),
            None => Err(Error::Time { unit, limit }),
        }
    };
    enqueued.into_iter().zip(jobs).map(outcome).collect()
}

/// Returns the path of the job.
async fn enqueue(connection: &Connection, job: &Job) -> Result<String, Error> {
    let arguments = (job.unit.as_str(), "replace");
    let reply = call(connection, job.verb.method(), &arguments, &job.unit).await?;
    let body = reply.body();
    let path = body.deserialize::<ObjectPath<'_>>();
    path.map(|path| path.to_string())
        .map_err(|e| Error::Refused {
            request: format!("{} of {}", job.verb.method(), job.unit),
            reason: e.to_string(),
        })
}

async fn call<B>(
    connection: &Connection,
    method: &str,
    arguments: &B,
    what: &str,
) -> Result<zbus::Message, Error>
where
    B: serde::Serialize + zbus::zvariant::DynamicType,
{
    let refused = |reason: String| Error::Refused {
        request: format!("{method} of {what}"),
        reason,
    };
    let deadline = Instant::now() + ANSWER_LIMIT;
    let reply = connection.call_method(Some(NAME), PATH, Some(INTERFACE), method, arguments);
    match timeout_at(deadline, reply).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(error)) => Err(refused(error.to_string())),
        Err(_) => Err(refused("it does not answer".to_owned())),
    }
}

/// Path and result of the next job that is no more; `None` if the manager has
/// hung up.
async fn next_removed(signals: &mut MessageStream) -> Option<(String, String)> {
    loop {
        let message = next(signals).await?;
        let body = message.body();
        let removed = body.deserialize::<(u32, ObjectPath<'_>, String, String)>();
        if let Ok((_, path, _, result)) = removed {
            return Some((path.to_string(), result));
        }
    }
}

async fn next(signals: &mut MessageStream) -> Option<zbus::Message> {
    use std::pin::Pin;
    use zbus::export::futures_core::Stream;
    std::future::poll_fn(|context| Pin::new(&mut *signals).poll_next(context))
        .await?
        .ok()
}
