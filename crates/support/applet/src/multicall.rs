//! Programs that are several: which one is decided by the name they are called by
//! (links are named after the applets), or else by the first argument.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Runs with its arguments, of which the first is its name.
pub type Main = fn(Vec<OsString>) -> ExitCode;

/// A program with its applets.
#[derive(Debug)]
pub struct Multicall {
    /// The program's name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What its applets have in common, in one sentence.
    pub about: &'static str,
    /// The applets by name.
    pub applets: &'static [(&'static str, Main)],
}

impl Multicall {
    /// Runs the applet that the arguments name.
    ///
    /// Exit codes: those of the applet, or 2 if there is none.
    pub fn main(&self) -> ExitCode {
        let mut arguments: Vec<OsString> = std::env::args_os().collect();
        let called_as = arguments.first().and_then(|a| Path::new(a).file_name());
        if called_as == Some(OsStr::new(self.name)) {
            arguments.remove(0);
        }
        let Some(name) = arguments.first().and_then(|a| Path::new(a).file_name()) else {
            return self.usage_error("no applet is named");
        };
        if let Some((_, applet)) = self.applets.iter().find(|(applet, _)| name == *applet) {
            return applet(arguments);
        }
        match name.to_str() {
            Some("--list") => {
                let names = self.applets.iter().map(|(name, _)| format!("{name}\n"));
                print(&names.collect::<String>())
            }
            Some("-h" | "--help") => print(&self.usage()),
            Some("-V" | "--version") => print(&format!("{} {}\n", self.name, self.version)),
            _ => self.usage_error(&format!("{name:?} is not an applet")),
        }
    }

    fn usage(&self) -> String {
        let Self { name, about, .. } = self;
        format!(
            "{about}\n\n\
             Usage: {name} APPLET [ARGUMENT]...\n       \
             APPLET [ARGUMENT]...    (by a link of that name)\n\n\
             Options:\n      \
             --list     Print the names of the applets\n  \
             -h, --help     Print help\n  \
             -V, --version  Print version\n"
        )
    }

    fn usage_error(&self, message: &str) -> ExitCode {
        let name = self.name;
        eprintln!("error: {message}\nhint: `{name} --list` prints the names of the applets");
        ExitCode::from(2)
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
