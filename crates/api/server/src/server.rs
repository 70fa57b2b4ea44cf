//! The server as a library.

use std::future::Future;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;

use settings_model::{Variant, VariantError};
use settings_render::{Declarations, DeclarationsError};
use settings_store::{Image, Store};

use crate::os::{self, Os};
use crate::state::State;
use crate::{connection, routes};

/// What a server works with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder of the settings store.
    pub datastore: PathBuf,
    /// The file in os-release(5) format that says which version this is.
    pub os_release: PathBuf,
    /// The variant's file, which says what can be set.
    pub variant: PathBuf,
    /// The socket of the settings applier.
    pub applier_socket: PathBuf,
    /// The folder of the updater, with its socket.
    pub updates: PathBuf,
    /// The socket behind which commands run in containers.
    pub exec_socket: PathBuf,
    /// The socket behind which logs are collected.
    pub logs_socket: PathBuf,
    /// The program that reboots.
    pub systemctl: PathBuf,
}

/// Why a server does not start or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The version cannot be found out.
    #[error(transparent)]
    OsRelease(#[from] os::Error),
    /// What can be set cannot be found out.
    #[error(transparent)]
    ReadVariant(#[from] files::Error),
    /// The variant makes no sense.
    #[error(transparent)]
    Variant(#[from] VariantError),
    /// What the image declares for the variant makes no sense.
    #[error(transparent)]
    Declarations(#[from] DeclarationsError),
    /// The settings cannot be opened.
    #[error("failed to open the settings: {0}")]
    Store(#[from] settings_store::Error),
    /// The listening socket cannot be used.
    #[error("failed to listen: {0}")]
    Listen(std::io::Error),
}

/// A server that has its settings and is ready to answer.
#[derive(Debug)]
pub struct Server {
    state: Arc<State>,
}

impl Server {
    /// Opens the settings, with what the image declares for its variant.
    pub fn open(config: Config) -> Result<Server, Error> {
        Self::open_with(config, |variant| Ok(Declarations::of(variant)?))
    }

    /// Opens the settings, with other declarations.
    pub fn open_with(
        config: Config,
        declarations: impl FnOnce(&Variant) -> Result<Declarations, Error>,
    ) -> Result<Server, Error> {
        let os = Os::read(&config.os_release)?;
        let variant = files::read_to_string(&config.variant)?;
        let variant = Variant::parse(&os.variant_id, &variant)?;
        let declarations = declarations(&variant)?;
        let generated = declarations.metadata().setting_generators().keys();
        let image = Image::new(variant.model, declarations.defaults().clone())
            .with_generated(generated.cloned());
        let store = Store::open(&config.datastore, &os.version_id, image)?;
        for warning in store.warnings() {
            tracing::error!("{warning}");
        }
        tracing::info!(
            generation = store.generation(),
            transactions = store.transactions().count(),
            "settings of version {} opened",
            os.version_id
        );
        let state = State::new(store, os, declarations, config);
        Ok(Server {
            state: Arc::new(state),
        })
    }

    /// Answers until `shutdown` is ready, then ends the requests that are
    /// under way. Needs a tokio runtime with I/O and time.
    pub async fn serve(
        self,
        listener: UnixListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        listener.set_nonblocking(true).map_err(Error::Listen)?;
        let listener = tokio::net::UnixListener::from_std(listener).map_err(Error::Listen)?;
        connection::serve(listener, routes::service(self.state), shutdown).await;
        Ok(())
    }
}
