//! Migration to 0.2.0: settings with two names are stored under one.
//!
//! 0.1.0 stored each setting under the name it was given by; 0.2.0 takes both
//! names, and stores the longer one.

use std::process::ExitCode;

use migrate::Step;

fn main() -> ExitCode {
    migrate::run(
        env!("CARGO_PKG_NAME"),
        [
            Step::rename("boot.init", "boot.init-parameters"),
            Step::rename("boot.kernel", "boot.kernel-parameters"),
            Step::rename("container-registry.creds", "container-registry.credentials"),
        ],
    )
}
