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
use settings_model::Variant;
use settings_render::Declarations;

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

    /// File that says what can be set on this variant of the OS
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/usr/share/bottlerocket/variant.toml"
    )]
    variant_path: PathBuf,

    /// Socket of the system's bus
    #[arg(long, value_name = "PATH", default_value = systemd::SYSTEM_BUS)]
    bus_socket: PathBuf,

    /// Write files below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/")]
    root: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let client = Client::new(cli.socket_path.clone());
    match cli.all {
        true => at_boot(&client, &cli),
        false => on_request(&client, &cli),
    }
}

/// What the image of this variant says about settings.
fn declarations(variant: &Path) -> anyhow::Result<Declarations> {
    let text = files::read_to_string(variant)?;
    let variant = Variant::parse(&variant.display().to_string(), &text)?;
    Ok(Declarations::of(&variant)?)
}

/// A file that cannot be rendered or written does not stop the boot; the node
/// is reported as degraded.
fn at_boot(client: &Client, cli: &Cli) -> anyhow::Result<()> {
    let declarations = declarations(&cli.variant_path)?;
    let report = write_files(client, &declarations, &Selection::All, &cli.root)?.without_restarts();
    for problem in report.problems() {
        tracing::error!("{problem}");
        if let Err(error) = client.report_problem("settings-applier", &problem) {
            tracing::warn!("the problem was not reported: {error}");
        }
    }
    Ok(())
}

fn on_request(client: &Client, cli: &Cli) -> anyhow::Result<()> {
    let report = Request::read(io::stdin().lock())
        .context("failed to read the request")
        .and_then(|request| {
            let selection = Selection::from(request);
            let declarations = declarations(&cli.variant_path)?;
            let written = write_files(client, &declarations, &selection, &cli.root)?;
            let mut systemd = Systemd::new(cli.bus_socket.clone(), &selection);
            Ok(written.restart(&mut systemd))
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
fn write_files<'a>(
    client: &Client,
    declarations: &'a Declarations,
    selection: &Selection,
    root: &Path,
) -> anyhow::Result<Written<'a>> {
    let etc = root.join("etc");
    files::create_dir_all(&etc)?;
    let folder = files::at("open", &etc, File::open(&etc))?;
    files::at("lock", &etc, folder.lock())?;
    let settings = client.settings().context("failed to read the settings")?;
    // Unlocked when `folder` is closed.
    Ok(write(&settings, declarations, selection, root))
}
