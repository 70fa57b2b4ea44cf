//! The client of the settings API: HTTP/1.1 over a Unix socket, and what its
//! users share: reading user data, and settings written as `key=value`.

pub mod assignment;
mod client;
mod error;
mod requests;
pub mod user_data;

pub use client::{Client, DEFAULT_SOCKET, Response, uri};
pub use error::Error;
pub use requests::Layer;
