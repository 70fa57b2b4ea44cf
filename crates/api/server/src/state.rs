//! What all requests share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::Value;
use settings_store::Store;

use crate::answer::Failure;
use crate::os::Os;
use crate::status::Status;

/// The state of the server.
#[derive(Debug)]
pub(crate) struct State {
    pub os: Os,
    pub applier_socket: PathBuf,
    pub systemctl: PathBuf,
    store: Mutex<Store>,
    live: RwLock<Live>,
    status: Mutex<Status>,
}

/// What can be read while the disk is busy with a change.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub settings: Arc<Value>,
    pub generation: u64,
    pub warnings: Vec<String>,
}

impl Live {
    fn of(store: &Store) -> Live {
        Live {
            settings: store.effective(),
            generation: store.generation(),
            warnings: store.warnings().to_vec(),
        }
    }
}

impl State {
    pub fn new(store: Store, os: Os, applier_socket: PathBuf, systemctl: PathBuf) -> State {
        State {
            os,
            applier_socket,
            systemctl,
            live: RwLock::new(Live::of(&store)),
            store: Mutex::new(store),
            status: Mutex::default(),
        }
    }

    /// What is in force right now.
    pub fn live(&self) -> Live {
        self.live
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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
        let done = tokio::task::spawn_blocking(move || {
            let mut store = state.store.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut store);
            // Before the lock is free, so that changes appear in their order.
            *state.live.write().unwrap_or_else(PoisonError::into_inner) = Live::of(&store);
            result
        });
        match done.await {
            Ok(result) => Ok(result?),
            Err(e) => Err(Failure::internal(format!("the change was cut short: {e}"))),
        }
    }
}
