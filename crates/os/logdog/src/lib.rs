//! Collects what helps to find out what is wrong with a node (applet `logdog`): what the
//! files in `/usr/share/logdog` ask for, in one archive, without secrets and not too
//! large.

mod bundle;
mod collect;
mod requests;
mod scrub;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use apiclient::Client;
use clap::Parser;

use bundle::Bundle;
use requests::Requests;

const DEFAULT_OUTPUT: &str = "/var/log/support/bottlerocket-logs.tar.gz";

/// Collects logs and facts for those who look for a fault, without secrets.
///
/// Exit codes: 0 if the archive is there, even if some of it could not be had (it says
/// what and why); 1 if there is none; 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "logdog", version)]
struct Cli {
    /// Where the archive goes; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_OUTPUT)]
    output: PathBuf,
    /// Folder of the files that say what is collected
    #[arg(long, value_name = "FOLDER", default_value = "/usr/share/logdog")]
    requests: PathBuf,
    /// Socket of the API server
    #[arg(short, long, value_name = "SOCKET", default_value = apiclient::DEFAULT_SOCKET)]
    socket_path: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let requests = Requests::read(&cli.requests)?;
        let client = Client::new(&cli.socket_path);
        if cli.output == Path::new("-") {
            return write(&requests, &client, io::stdout().lock());
        }
        if let Some(folder) = cli.output.parent() {
            files::create_dir_all(folder)?;
        }
        // An earlier one is there until this one is whole.
        let partial = cli.output.with_extension("partial");
        let file = files::at("make", &partial, File::create(&partial))?;
        write(&requests, &client, file)?;
        let done = std::fs::rename(&partial, &cli.output);
        files::at("make", &cli.output, done)?;
        println!("logs are at {}", cli.output.display());
        Ok(())
    })
}

fn write(requests: &Requests, client: &Client, to: impl Write) -> Result<()> {
    let mut bundle = Bundle::new(to);
    collect::all(requests, client, &mut bundle).context("failed to write the archive")?;
    bundle.finish().context("failed to write the archive")
}
