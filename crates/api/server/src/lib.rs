//! The settings API: HTTP/1.1 on a Unix socket.
//!
//! What there is stands in one table ([`operations`]), which `GET
//! /openapi.json` shows; paths, parameters and codes are those of Bottlerocket.
//!
//! `tx` is `default` where it is left out, `layer` is `api`; other layers are
//! for root. Keys are written with dots, in answers with `settings.` before
//! them. Any other path or method is 404 without a body, and what Bottlerocket
//! has and this version has not is 501. Parameters a request has no use for are
//! ignored.
//!
//! Errors are 4xx where the request is at fault, else 5xx. The body is a
//! sentence (and a second line with a hint), or, where `Accept` has
//! `application/json`, `{"error":…,"hint":…}` with the hint only where there
//! is one. A body is at most 1 MiB of JSON without repeated names.

mod activation;
mod answer;
mod applier;
mod audit;
mod check;
mod cli;
mod connection;
mod exec;
mod history;
mod memory;
mod metadata;
mod not_yet;
mod notify;
mod openapi;
mod operation;
mod operations;
mod os;
mod overview;
mod power;
mod report;
mod request;
mod routes;
mod server;
mod settings;
mod state;
mod status;
mod transactions;
mod updates;

pub use cli::main;
pub use server::{Config, Error, Server};

/// Reads a query in every way that an operation does.
#[cfg(fuzzing)]
pub fn read_query(query: &str) {
    let Ok(parameters) = request::Parameters::parse(query) else {
        return;
    };
    let _ = parameters.transaction();
    let _ = parameters.keys();
    for name in ["names", "prefix", "layer"] {
        let _ = parameters.get(name);
    }
    for name in ["apply", "provenance"] {
        let _ = parameters.flag(name, false);
    }
}
