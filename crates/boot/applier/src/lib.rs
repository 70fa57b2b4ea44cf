//! Makes the node follow its settings (applet `settings-applier`): renders
//! configuration files, and restarts the services whose files changed.
//!
//! With `--all`, at boot, it writes every file and restarts nothing: the
//! services that read them start later, and to restart one here would start it
//! too early, or wait for a unit that itself waits for this one.
//!
//! Otherwise it serves one request, as a socket-activated service: one line
//! `{"keys":["settings.motd"]}` on standard input (`null` for all), answered
//! by a [`Report`] on standard output.
//!
//! Values of settings are never logged.

mod apply;
mod report;
mod request;
mod restart;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use apiclient::Client;
use clap::Parser;

pub use apply::{Selection, Written, write};
pub use report::{FileReport, Report, ServiceReport};
pub use request::{Error as RequestError, Request};
pub use restart::{Restart, Systemd};

/// Renders configuration files from settings and restarts the services that
/// read them. Without `--all`, serves one request from standard input.
#[derive(Debug, Parser)]
#[command(name = "settings-applier", version)]
struct Cli {
    /// Write all files and restart nothing: for the boot
    #[arg(long)]
    all: bool,

    /// Socket of the API server
    #[arg(short, long, value_name = "PATH", default_value = apiclient::DEFAULT_SOCKET)]
    socket_path: PathBuf,

    /// Write files below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    root: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let client = Client::new(cli.socket_path);
    match cli.all {
        true => at_boot(&client, &cli.root),
        false => on_request(&client, &cli.root),
    }
}

/// A file that cannot be rendered or written does not stop the boot; the node
/// is reported as degraded.
fn at_boot(client: &Client, root: &Path) -> anyhow::Result<()> {
    let report = write_files(client, &Selection::All, root)?.without_restarts();
    for problem in report.problems() {
        tracing::error!("{problem}");
        if let Err(error) = client.report_problem("settings-applier", &problem) {
            tracing::warn!("the problem was not reported: {error}");
        }
    }
    Ok(())
}

fn on_request(client: &Client, root: &Path) -> anyhow::Result<()> {
    let report = Request::read(io::stdin().lock())
        .context("failed to read the request")
        .and_then(|request| {
            let selection = Selection::from(request);
            let written = write_files(client, &selection, root)?;
            Ok(written.restart(&mut Systemd::new(&selection)))
        })
        .unwrap_or_else(|error| Report::failed(applet::explain(&error)));
    // Logged in any case: whoever asked may be gone.
    for problem in report.problems() {
        tracing::error!("{problem}");
    }
    let mut answer = serde_json::to_vec(&report).context("failed to write the answer as JSON")?;
    answer.push(b'\n');
    io::stdout()
        .write_all(&answer)
        .context("failed to answer")?;
    match report.problems().count() {
        0 => Ok(()),
        count => bail!("{count} problems in applying settings"),
    }
}

/// Reads the settings and writes files while no other applier does. Settings
/// are only read when it is this one's turn, so that the last one to write
/// writes the newest.
///
/// What is locked is the folder that they all write to: no lock file has to be
/// kept anywhere. Restarts happen outside of the lock, because a service may
/// wait for a unit whose applier waits for its turn.
fn write_files(
    client: &Client,
    selection: &Selection,
    root: &Path,
) -> anyhow::Result<Written<'static>> {
    let etc = root.join("etc");
    files::create_dir_all(&etc)?;
    let folder = files::at("open", &etc, File::open(&etc))?;
    files::at("lock", &etc, folder.lock())?;
    let settings = client.settings().context("failed to read the settings")?;
    // Unlocked when `folder` is closed.
    Ok(write(
        &settings,
        settings_render::metadata(),
        selection,
        root,
    ))
}
