//! The settings API: HTTP/1.1 on a Unix socket.
//!
//! | Request | Query, body | Answer |
//! |---|---|---|
//! | `GET /` | `prefix` | 200 `{"settings":…,"os":…}`, or the part whose keys start with the prefix |
//! | `GET /settings` | `keys` or `prefix` | 200 the effective settings, or a part of them; unknown keys are skipped |
//! | `PATCH /settings` | `tx`, `layer`; part of the settings | 204, staged in the transaction |
//! | `GET /tx` | `tx` | 200 what the transaction sets |
//! | `DELETE /tx` | `tx` | 200 the keys it would have set |
//! | `GET /tx/list` | | 200 the names of open transactions |
//! | `POST /tx/commit` | `tx` | 200 the keys that were set; 422 if there were none |
//! | `POST /tx/apply` | `keys` | 204 once the settings applier has the request |
//! | `POST /tx/commit_and_apply` | `tx` | 200 the keys that were set |
//! | `GET /os` | `prefix` | 200 what `os-release` says |
//! | `GET /status` | | 200 whether the node is as it should be, and why not |
//! | `POST /status/problem` | `{"source":…,"message":…}` | 204 (for root) |
//! | `POST /actions/reboot` | | 204 |
//!
//! `tx` is `default` where it is left out, `layer` is `api`; other layers are
//! for root. Keys are written with dots, in answers with `settings.` before
//! them. Any other path or method is 404 without a body. Parameters a request
//! has no use for are ignored.
//!
//! Errors are 4xx where the request is at fault, else 5xx. The body is a
//! sentence (and a second line with a hint), or, where `Accept` has
//! `application/json`, `{"error":…,"hint":…}` with the hint only where there
//! is one. A body is at most 1 MiB of JSON without repeated names.

mod activation;
mod answer;
mod applier;
mod audit;
mod cli;
mod connection;
mod notify;
mod os;
mod overview;
mod power;
mod request;
mod routes;
mod server;
mod settings;
mod state;
mod status;
mod transactions;

pub use cli::main;
pub use server::{Config, Error, Server};
