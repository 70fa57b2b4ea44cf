//! What all requests share.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use serde_json::json;
use settings_render::Declarations;
use settings_store::{History, Snapshot, Store};

use crate::Config;
use crate::answer::Failure;
use crate::os::Os;
use crate::status::Status;

/// The state of the server.
#[derive(Debug)]
pub(crate) struct State {
    pub os: Os,
    pub declarations: Declarations,
    /// Where those are who do what this server may not do itself.
    pub config: Config,
    /// The answer to `GET /` after the settings: it never changes.
    pub rest: String,
    /// The answer to `GET /openapi.json`, made when it is first asked for.
    pub openapi: OnceLock<String>,
    /// What was committed: it is on the disk, and read without a turn at the
    /// store.
    pub history: History,
    store: Mutex<Store>,
    /// What can be read while the disk is busy with a change.
    live: RwLock<Arc<Snapshot>>,
    status: Mutex<Status>,
}

impl State {
    pub fn new(store: Store, os: Os, declarations: Declarations, config: Config) -> State {
        let metadata = declarations.metadata();
        let rest = json!({
            "services": metadata.services,
            "configuration-files": metadata.configuration_files,
            "os": os,
        });
        State {
            rest: rest.to_string(),
            openapi: OnceLock::new(),
            os,
            declarations,
            config,
            history: store.history(),
            live: RwLock::new(Arc::new(store.snapshot())),
            store: Mutex::new(store),
            status: Mutex::default(),
        }
    }

    /// What is in force right now.
    pub fn live(&self) -> Arc<Snapshot> {
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What is known about the node's condition.
    pub fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the store, in a thread where waiting for the disk, or for
    /// another one's turn, holds up nobody else.
    pub async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Store) -> Result<T, settings_store::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let state = Arc::clone(self);
        blocking(move || {
            let mut store = state.store.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut store);
            // Before the lock is free, so that changes appear in their order.
            let now = Arc::new(store.snapshot());
            *state.live.write().unwrap_or_else(PoisonError::into_inner) = now;
            Ok(result?)
        })
        .await
    }
}

/// Does what takes a while, or waits for the disk, where it holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(e) => Err(Failure::internal(format!("the work was cut short: {e}"))),
    }
}
