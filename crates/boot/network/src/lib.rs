//! The network of a node (applet `netdog`): from a `net.toml` to units of
//! systemd-networkd, and from the network to the node's address and name.
//!
//! What a `net.toml` may say is in [`config`]. Off the node, [`validate`] and
//! [`render`] are all there is to it: they read and write nothing.
//!
//! On the node, `netdog generate-net-config` runs before systemd-networkd. A
//! configuration with a mistake is refused as a whole; the default of the
//! image is in force then, so that the node can be reached, and
//! `netdog report-problem` tells the API why, which is up only later.

pub mod config;

mod generate;
mod hostname;
mod node_ip;
mod render;
mod reverse_dns;
mod source;
mod state;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use apiclient::Client;
use clap::{Parser, Subcommand};

pub use config::{Error, NetConfig, validate};
pub use generate::{Outcome, generate};
pub use node_ip::node_ip;
pub use render::{DEFAULT_UNIT, PREFIX, Unit, network_unit_name, render};
pub use source::{CREDENTIAL, Found, Refusal, Sources};
pub use state::{Primary, State};

/// What a generator of a setting says when there is no value (yet).
const NO_VALUE: u8 = 2;

/// Sets up the network from net.toml and tells address and name of the node.
#[derive(Debug, Parser)]
#[command(name = "netdog", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Look for files and folders of the system below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/", global = true)]
    root: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write units for systemd-networkd
    GenerateNetConfig {
        /// Folder with the service's credentials [default: $CREDENTIALS_DIRECTORY]
        #[arg(long, value_name = "FOLDER")]
        credentials_directory: Option<PathBuf>,
    },
    /// Tell the API why the network's configuration was refused
    ReportProblem {
        /// Socket of the API server
        #[arg(short, long, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
        socket_path: PathBuf,
    },
    /// Print the node's address as JSON; exit code 2 if it has none yet
    NodeIp,
    /// Print a name for the node as JSON; exit code 2 if it has no address yet
    GenerateHostname,
    /// Check a net.toml and print the units that it becomes
    ValidateNetConfig {
        /// The file to check
        file: PathBuf,
    },
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let state = State::new(cli.root.join("run/netdog"));
    match cli.command {
        Command::GenerateNetConfig {
            credentials_directory,
        } => {
            let credentials = credentials_directory
                .or_else(|| std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from));
            let mut files = vec![cli.root.join("var/lib/bottlerocket/net.toml")];
            files.extend(credentials.map(|folder| folder.join(CREDENTIAL)));
            let sources = Sources {
                files,
                command_line: cli.root.join("proc/cmdline"),
            };
            match generate(&sources, &cli.root.join("run/systemd/network"), &state)? {
                Outcome::Configured(origin) => {
                    tracing::info!("the network is set up by {}", origin.display());
                }
                Outcome::Default => tracing::debug!("the network is set up by default"),
                Outcome::Refused(refusal) => tracing::error!("{}", problem(&refusal.explain())),
            }
        }
        Command::ReportProblem { socket_path } => {
            if let Some(summary) = state.problem()? {
                Client::new(socket_path)
                    .report_problem("netdog", &problem(&summary))
                    .context("failed to report the refused configuration of the network")?;
            }
        }
        Command::NodeIp => match node_ip(&state)? {
            Some(address) => print(&serde_json::to_string(&address)?)?,
            None => return Ok(no_address()),
        },
        Command::GenerateHostname => match node_ip(&state)? {
            Some(address) => {
                let resolv_conf = cli.root.join("run/systemd/resolve/resolv.conf");
                let servers = match files::read_to_string(&resolv_conf) {
                    Ok(text) => reverse_dns::servers(&text),
                    Err(error) => {
                        tracing::info!("no DNS servers are known: {error}");
                        Vec::new()
                    }
                };
                let name = hostname::generate(address, &servers);
                print(&serde_json::to_string(name.as_ref())?)?;
            }
            None => return Ok(no_address()),
        },
        Command::ValidateNetConfig { file } => match validate(&files::read_to_string(&file)?) {
            Ok(config) => {
                for unit in render(&config) {
                    print(&format!("# {}\n{}", unit.file_name, unit.contents))?;
                }
            }
            Err(error) => bail!("{}", error.explain(&file.display().to_string())),
        },
    }
    Ok(ExitCode::SUCCESS)
}

fn problem(reason: &str) -> String {
    format!("the network's configuration was refused, the default is in force: {reason}")
}

fn print(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}").context("failed to write to standard output")
}

fn no_address() -> ExitCode {
    tracing::info!("the node has no address yet");
    ExitCode::from(NO_VALUE)
}
