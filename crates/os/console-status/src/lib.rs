//! Tells whoever looks at the console how far the boot is and how to reach
//! the node (applet `console-status`), and the API how far the boot is. It
//! writes to standard output, which its unit connects to the console, and reads
//! nothing: the console of a node takes no input.

mod addresses;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use apiclient::Client;
use clap::{Parser, ValueEnum};

/// Prints a line about the node and the stage its boot is in, which it tells the
/// API too.
#[derive(Debug, Parser)]
#[command(name = "console-status", version)]
struct Cli {
    /// The stage that the boot has reached
    stage: Stage,

    /// File with the name of the OS
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/os-release")]
    os_release: PathBuf,

    /// Socket of the API server
    #[arg(short, long, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    socket_path: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// Settings are in force
    Preconfigured,
    /// The node is set up for its workload
    Configured,
    /// Services run
    MultiUser,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preconfigured => "preconfigured",
            Self::Configured => "configured",
            Self::MultiUser => "multi-user",
        })
    }
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    // A console is most wanted where the API is not there.
    if let Err(error) = Client::new(cli.socket_path).report_stage(&cli.stage.to_string()) {
        tracing::warn!("the API was not told: {error}");
    }
    let name = os_name(&cli.os_release);
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let addresses = addresses::global().unwrap_or_else(|error| {
        tracing::warn!("the addresses of this node are not known: {error}");
        Vec::new()
    });
    let text = text(&name, &host, cli.stage, &addresses);
    io::stdout()
        .write_all(text.as_bytes())
        .context("failed to write to the console")
}

/// A console without a name is better than none.
fn os_name(path: &Path) -> String {
    files::read_to_string(path)
        .map_err(|error| tracing::warn!("{error}"))
        .ok()
        .and_then(|text| os_release::value(&text, "PRETTY_NAME"))
        .unwrap_or_else(|| "Bottlerocket".to_owned())
}

fn text(name: &str, host: &str, stage: Stage, addresses: &[(String, IpAddr)]) -> String {
    let addresses = match addresses {
        [] => "no address yet".to_owned(),
        some => {
            let each: Vec<_> = some
                .iter()
                .map(|(link, ip)| format!("{ip} ({link})"))
                .collect();
            each.join(", ")
        }
    };
    let line = format!("{name}: {host}: {stage}: {addresses}");
    // Some of it comes from outside, and a terminal obeys control characters.
    let mut text: String = line.chars().filter(|c| !c.is_control()).collect();
    text.push('\n');
    if stage == Stage::MultiUser {
        text.push_str(
            "There is no login here. The node is configured through its API: run \
             `apiclient --help` in a host container.\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_line_for_each_stage() {
        let ip = |link: &str, ip: &str| (link.to_owned(), ip.parse().unwrap());
        let cases = [
            (
                (
                    "Bottlerocket OS 1.0 (metal)",
                    "localhost",
                    Stage::Preconfigured,
                    vec![],
                ),
                "Bottlerocket OS 1.0 (metal): localhost: preconfigured: no address yet\n",
            ),
            (
                (
                    "Bottlerocket",
                    "n\u{1b}[2J1\n",
                    Stage::Configured,
                    vec![ip("eth0", "10.0.2.15"), ip("eth0", "fd00::1")],
                ),
                "Bottlerocket: n[2J1: configured: 10.0.2.15 (eth0), fd00::1 (eth0)\n",
            ),
            (
                (
                    "Bottlerocket",
                    "a",
                    Stage::MultiUser,
                    vec![ip("eth0", "10.0.2.15")],
                ),
                "Bottlerocket: a: multi-user: 10.0.2.15 (eth0)\nThere is no login here. The node \
                 is configured through its API: run `apiclient --help` in a host container.\n",
            ),
        ];
        for ((name, host, stage, addresses), expected) in cases {
            assert_eq!(text(name, host, stage, &addresses), expected);
        }
    }

    #[test]
    fn every_stage_can_be_given_by_its_name() {
        for stage in Stage::value_variants() {
            let cli = Cli::try_parse_from(["console-status", &stage.to_string()]).unwrap();
            assert_eq!(cli.stage, *stage);
        }
        assert!(Cli::try_parse_from(["console-status", "frobnicated"]).is_err());
    }

    #[test]
    fn without_os_release_there_is_still_a_name() {
        assert_eq!(os_name(Path::new("/nonexistent")), "Bottlerocket");
    }
}
