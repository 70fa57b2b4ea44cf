//! The multi-call program: every first-party daemon and helper in one file.
//!
//! Which applet runs is decided by the name the program is called by (links
//! are named after the applets), or else by the first argument.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs with its arguments, of which the first is its name.
type Main = fn(Vec<OsString>) -> ExitCode;

const PROGRAM: &str = "bottlerocket";

const APPLETS: &[(&str, Main)] = &[
    ("apiserver", api_server::main),
    ("bootstrap-commands", bootstrap::commands),
    ("bootstrap-containers", bootstrap::containers),
    ("bork", sundog::bork),
    ("console-status", console_status::main),
    ("early-boot-config", early_boot_config::main),
    ("health-check", health::main),
    ("host-containers", host_containers::main),
    ("migrator", migrator::main),
    ("netdog", network::main),
    ("schnauzer", sundog::schnauzer),
    ("set-hostname", set_hostname::main),
    ("set-lockdown", set_lockdown::main),
    ("settings-applier", settings_applier::main),
    ("signpost", slots::main),
    ("sundog", sundog::main),
];

const USAGE: &str = "\
Every first-party daemon and helper of Bottlerocket in one program.

Usage: bottlerocket APPLET [ARGUMENT]...
       APPLET [ARGUMENT]...    (by a link of that name)

Options:
      --list     Print the names of the applets
  -h, --help     Print help
  -V, --version  Print version
";

fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let called_as = arguments.first().and_then(|a| Path::new(a).file_name());
    if called_as == Some(OsStr::new(PROGRAM)) {
        arguments.remove(0);
    }
    let Some(name) = arguments.first().and_then(|a| Path::new(a).file_name()) else {
        return usage_error("no applet is named");
    };
    if let Some((_, applet)) = APPLETS.iter().find(|(applet, _)| name == *applet) {
        return applet(arguments);
    }
    match name.to_str() {
        Some("--list") => print(
            &APPLETS
                .iter()
                .map(|(name, _)| format!("{name}\n"))
                .collect::<String>(),
        ),
        Some("-h" | "--help") => print(USAGE),
        Some("-V" | "--version") => {
            print(concat!("bottlerocket ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        _ => usage_error(&format!("{name:?} is not an applet")),
    }
}

fn usage_error(message: &str) -> ExitCode {
    eprintln!("error: {message}\nhint: `{PROGRAM} --list` prints the names of the applets");
    ExitCode::from(2)
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the image builders link to this program.
    const SOFTWARE: &str = include_str!("../../../../conf/software/base.toml");

    #[test]
    fn every_applet_and_nothing_else_has_a_link_in_the_image() {
        let (_, list) = SOFTWARE.split_once("bottlerocket = [").unwrap();
        let (list, _) = list.split_once(']').unwrap();
        let linked: Vec<_> = list.split('"').skip(1).step_by(2).collect();
        let applets: Vec<_> = APPLETS.iter().map(|(name, _)| *name).collect();
        assert_eq!(linked, applets);
    }
}
