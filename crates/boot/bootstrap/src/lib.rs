//! Runs what prepares the node while it boots: commands of `apiclient` (applet
//! `bootstrap-commands`) and containers (applet `bootstrap-containers`), one after
//! the other in the order of their names. What is to run once is off from then on,
//! whether it worked or not: that is for its author to find in the journal.
//!
//! If something essential fails, the applet does, and the node does not become
//! ready. Whatever else fails is reported to the API.

mod commands;
mod containers;
mod step;

pub use commands::main as commands;
pub use containers::main as containers;
