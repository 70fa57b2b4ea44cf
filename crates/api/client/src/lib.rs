//! The client of the settings API: HTTP/1.1 over a Unix socket, and what its
//! users share: reading user data, and settings written as `key=value`.

pub mod assignment;
mod client;
mod error;
pub mod user_data;

pub use client::{Client, DEFAULT_SOCKET, Layer, Response, uri};
pub use error::Error;
