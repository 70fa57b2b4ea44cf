//! For tests only: a bus with a service manager (org.freedesktop.systemd1(5)) and
//! nobody else on it, which remembers what it was asked for and gives jobs the results
//! that a test tells it.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{Guid, OwnedObjectPath, fdo, interface};

/// What comes of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It ends with a result, such as `done` or `failed`.
    Ends(&'static str),
    /// It does not end.
    Stays,
    /// There is no such unit.
    NoUnit,
}

/// A manager in a thread of its own. It lives as long as the test program, its
/// socket as long as this value.
#[derive(Debug)]
pub struct FakeManager {
    folder: tempfile::TempDir,
    asked: Asked,
}

type Asked = Arc<Mutex<Vec<String>>>;

type OutcomeOf = Arc<dyn Fn(&str) -> Outcome + Send + Sync>;

impl FakeManager {
    /// Starts a manager whose jobs for a unit come to what `outcome` says.
    ///
    /// # Panics
    /// If there is no place for a socket: a test cannot go on without.
    pub fn start(outcome: impl Fn(&str) -> Outcome + Send + Sync + 'static) -> FakeManager {
        let outcome: OutcomeOf = Arc::new(outcome);
        let folder = tempfile::tempdir().expect("a test has a place for temporary files");
        let listener = UnixListener::bind(folder.path().join("bus"))
            .expect("a fresh folder has a place for a socket");
        let asked = Asked::default();
        let remembered = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manager = Manager {
                    outcome: Arc::clone(&outcome),
                    asked: Arc::clone(&remembered),
                    jobs: 0,
                };
                thread::spawn(|| serve(stream, manager));
            }
        });
        FakeManager { folder, asked }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("bus")
    }

    /// Everything it was asked for until now: the method, and what it was given.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(stream: std::os::unix::net::UnixStream, manager: Manager) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a test can have a runtime");
    runtime.block_on(async {
        let connection = Builder::unix_stream(stream)
            .server(Guid::generate())
            .p2p()
            .serve_at("/org/freedesktop/DBus", Bus)
            .serve_at("/org/freedesktop/systemd1", manager);
        // A client that hangs up early is the test's business.
        if let Ok(_connection) = connection.build().await {
            std::future::pending::<()>().await;
        }
    });
}

/// What a client asks the bus itself.
struct Bus;

#[interface(name = "org.freedesktop.DBus")]
impl Bus {
    async fn hello(&self) -> &str {
        ":1.1"
    }

    async fn add_match(&self, _rule: &str) {}

    async fn remove_match(&self, _rule: &str) {}
}

struct Manager {
    outcome: OutcomeOf,
    asked: Asked,
    jobs: u32,
}

impl Manager {
    fn note(&self, what: String) {
        let asked = self.asked.lock();
        asked.unwrap_or_else(PoisonError::into_inner).push(what);
    }

    async fn job(
        &mut self,
        method: &str,
        unit: &str,
        mode: &str,
        emitter: &SignalEmitter<'_>,
    ) -> fdo::Result<OwnedObjectPath> {
        self.note(format!("{method} {unit} {mode}"));
        self.jobs += 1;
        let path = format!("/org/freedesktop/systemd1/job/{}", self.jobs);
        let path =
            OwnedObjectPath::try_from(path).map_err(|e| fdo::Error::Failed(e.to_string()))?;
        match (self.outcome)(unit) {
            Outcome::NoUnit => Err(fdo::Error::Failed(format!("Unit {unit} not found."))),
            Outcome::Stays => Ok(path),
            Outcome::Ends(result) => {
                Self::job_removed(emitter, self.jobs, path.clone(), unit, result).await?;
                Ok(path)
            }
        }
    }
}

#[interface(name = "org.freedesktop.systemd1.Manager")]
impl Manager {
    async fn subscribe(&self) {}

    async fn reload(&self) {
        self.note("Reload".into());
    }

    async fn start_unit(
        &mut self,
        unit: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<OwnedObjectPath> {
        self.job("StartUnit", unit, mode, &emitter).await
    }

    async fn restart_unit(
        &mut self,
        unit: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<OwnedObjectPath> {
        self.job("RestartUnit", unit, mode, &emitter).await
    }

    async fn try_restart_unit(
        &mut self,
        unit: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<OwnedObjectPath> {
        self.job("TryRestartUnit", unit, mode, &emitter).await
    }

    async fn reload_or_try_restart_unit(
        &mut self,
        unit: &str,
        mode: &str,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> fdo::Result<OwnedObjectPath> {
        self.job("ReloadOrTryRestartUnit", unit, mode, &emitter)
            .await
    }

    #[zbus(signal)]
    async fn job_removed(
        emitter: &SignalEmitter<'_>,
        number: u32,
        path: OwnedObjectPath,
        unit: &str,
        result: &str,
    ) -> zbus::Result<()>;
}
