//! The parts of the development agent. Everything here runs with the rights of
//! the agent's own SELinux domain, except what a request moves to another one.

mod capture;
mod check;
mod context;
mod errno;
pub mod port;
pub mod probe;
mod server;

pub use context::ContextError;
pub use server::Server;
