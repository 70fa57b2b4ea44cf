//! Guest side of the development channel, part of development images only.
//!
//! Without arguments it serves the channel for ever. `dev-agent probe CHECK`
//! is how it runs itself in another SELinux domain: it tries the access that
//! CHECK (JSON) describes and exits with 0 or the number of the error.

use std::process::ExitCode;
use std::sync::Arc;

use dev_agent::{Server, port, probe};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => port::serve_forever(dev_protocol::PORT_PATH.as_ref(), &Arc::new(Server::new())),
        ["probe", check] => probe::child(check),
        _ => {
            eprintln!("usage: dev-agent [probe CHECK]");
            ExitCode::from(2)
        }
    }
}
