//! The command line.

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use tracing::level_filters::LevelFilter;

/// Reads and changes the settings of this node through its API.
///
/// Without a command it sends one request, as `raw` does:
/// `apiclient -u /settings -m PATCH -d '{"motd": "hi"}'`
#[derive(Debug, Parser)]
#[command(name = "apiclient", version)]
pub struct Cli {
    /// Socket of the API server
    #[arg(short, long, global = true, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    pub socket_path: PathBuf,

    /// What to log on standard error: off, error, warn, info, debug or trace
    #[arg(long, global = true, value_name = "LEVEL", default_value_t = LevelFilter::INFO)]
    pub log_level: LevelFilter,

    /// Log each request and its status code (as `--log-level debug`)
    #[arg(short, long, global = true)]
    pub verbose: bool,

    #[command(flatten)]
    pub raw: Raw,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// One request, as it is.
#[derive(Debug, Args)]
pub struct Raw {
    /// Path and query of the request, such as `/settings`
    #[arg(short, long)]
    pub uri: Option<String>,

    /// Method of the request [default: GET]
    #[arg(short, long, short_alias = 'X')]
    pub method: Option<String>,

    /// Body of the request, as JSON
    #[arg(short, long)]
    pub data: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send one request and print the body of the answer
    Raw(Raw),

    /// Print settings and facts about the OS
    Get {
        /// Beginnings of keys, such as `settings.ntp` or `os.version`; or one
        /// path, such as `/tx/list` [default: settings and os]
        #[arg(value_name = "PREFIX|/PATH")]
        what: Vec<String>,
    },

    /// Change settings, all of them or none
    Set {
        /// Settings, such as `motd="Hello"`, `settings.network.hostname=node-1`
        /// or `ntp.time-servers='["a", "b"]'`. To have a number or `true` taken
        /// as text, quote it twice: `'kernel.sysctl."vm.swappiness"="1"'`
        #[arg(value_name = "KEY=VALUE", required_unless_present = "json")]
        settings: Vec<String>,

        /// Settings as one JSON object
        #[arg(short, long, conflicts_with = "settings")]
        json: Option<String>,
    },

    /// Change settings to what TOML or JSON user data says, all or none
    Apply {
        /// Files with a `[settings]` table, later ones on top; `-` is standard
        /// input
        #[arg(value_name = "FILE|-", default_value = "-")]
        files: Vec<String>,
    },

    /// Reboot this node
    Reboot,

    /// Print whether this node is degraded and why, and how the last change
    /// of settings went
    Status,
}

/// Explains what is wrong with the command line, and exits as clap does.
pub fn exit_with_usage(message: String) -> ! {
    Cli::command()
        .error(ErrorKind::ValueValidation, message)
        .exit()
}
