//! The applet `apiserver`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::LevelFilter;

use crate::{Config, Server, activation, notify::notify};

/// Serves the settings API on a Unix socket.
///
/// The socket is the one systemd passes (LISTEN_FDS), or else made here.
#[derive(Debug, Parser)]
#[command(name = "apiserver", version)]
struct Arguments {
    /// Folder that holds the settings
    #[arg(long, value_name = "FOLDER")]
    datastore_path: PathBuf,

    /// Socket to make if systemd passes none
    #[arg(long, value_name = "SOCKET", default_value = "/run/api.sock")]
    socket_path: PathBuf,

    /// Group that may connect to the socket made here
    #[arg(long, value_name = "GID")]
    socket_gid: Option<u32>,

    /// Socket of the settings applier
    #[arg(
        long,
        value_name = "SOCKET",
        default_value = "/run/settings-applier.sock"
    )]
    applier_socket: PathBuf,

    /// Folder of the updater
    #[arg(long, value_name = "FOLDER", default_value = "/run/updates")]
    updates_path: PathBuf,

    /// Socket behind which commands run in containers
    #[arg(long, value_name = "SOCKET", default_value = "/run/host-ctr/exec.sock")]
    exec_socket_path: PathBuf,

    /// Socket behind which logs are collected
    #[arg(long, value_name = "SOCKET", default_value = "/run/logdog.sock")]
    logs_socket_path: PathBuf,

    /// File that says which version of the OS this is
    #[arg(long, value_name = "FILE", default_value = "/usr/lib/os-release")]
    os_release_path: PathBuf,

    /// File that says what can be set on this variant of the OS
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/usr/share/bottlerocket/variant.toml"
    )]
    variant_path: PathBuf,

    /// How much to log: off, error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: LevelFilter,
}

/// Runs the applet. `arguments` includes the program's name.
///
/// Ends with 0 when told to stop (SIGTERM, SIGINT), 1 if it cannot start or go
/// on, 2 for wrong arguments.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(e) => {
            // Where the text cannot be written, the code has to do.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    let logger = tracing_subscriber::fmt()
        .with_max_level(arguments.log_level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        // The journal has its own clock.
        .without_time()
        .try_init();
    if let Err(e) = logger {
        eprintln!("failed to start logging: {e}");
    }
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            tracing::error!("{}", applet::explain(&e));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    crate::memory::keep_little();
    let inherited = activation::inherited()?;
    let config = Config {
        datastore: arguments.datastore_path,
        os_release: arguments.os_release_path,
        variant: arguments.variant_path,
        applier_socket: arguments.applier_socket,
        updates: arguments.updates_path,
        logs_socket: arguments.logs_socket_path,
        exec_socket: arguments.exec_socket_path,
        systemctl: "/usr/bin/systemctl".into(),
    };
    let server = Server::open(config)?;
    let listener = match inherited {
        Some(listener) => listener,
        // Only now: the store is open in one server at a time, so no other
        // one is listening there.
        None => activation::bind(&arguments.socket_path, arguments.socket_gid)?,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()
        .context("failed to start the runtime")?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        notify("READY=1");
        let shutdown = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
            notify("STOPPING=1");
        };
        Ok(server.serve(listener, shutdown).await?)
    })
}
