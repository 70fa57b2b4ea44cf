//! Takes updates from a signed repository into the slot that does not run
//! (program `updog`).
//!
//! [`Repository`] verifies (The Update Framework), [`update_metadata::select`]
//! decides, [`install`] writes and reads back. What boots is decided by the crate
//! `slots`, and only when all is written.

mod action;
mod cli;
mod config;
mod install;
mod migrations;
mod repository;
mod run_folder;
mod status;
mod transport;
mod updater;
pub mod verity;

pub use cli::main;
pub use config::{Config, Error as ConfigError};
pub use install::{Error as InstallError, Target, Written, install};
pub use migrations::{Kept, Way};
pub use repository::{Error as RepositoryError, Repository, load};
pub use run_folder::{Progress, RunFolder};
pub use transport::Pace;
