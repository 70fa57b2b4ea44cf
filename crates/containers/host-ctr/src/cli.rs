//! The command line.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use images::{Reference, Registries, Store};

use crate::run::{self, Places};
use crate::runc::Runc;
use crate::session;
use crate::settings::{self, Settings};
use crate::{Container, Kind};

/// Runs the containers of the host.
///
/// Exit codes: 0 if it is done, 1 if not, 2 if the arguments make no sense; `run` and
/// `exec`: that of the container's process, or 128 and the number of the signal that
/// ended it.
#[derive(Debug, Parser)]
#[command(name = "host-ctr", version)]
struct Cli {
    /// Where images are kept
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/var/lib/host-ctr",
        global = true
    )]
    store: PathBuf,
    /// Where containers are while they run
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/run/host-ctr",
        global = true
    )]
    run: PathBuf,
    /// The program that makes containers
    #[arg(
        long,
        value_name = "PROGRAM",
        default_value = "/usr/sbin/runc",
        global = true
    )]
    runc: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a container, until it ends or SIGTERM comes
    Run {
        /// The container's name
        #[arg(long, value_name = "NAME")]
        container_id: String,
        /// What it is for
        #[arg(long, default_value = "host")]
        container_type: Kind,
        /// File in which settings say what is run
        #[arg(long, value_name = "FILE", required_unless_present = "source")]
        settings: Option<PathBuf>,
        /// The image: REGISTRY/NAME with :TAG or @DIGEST
        #[arg(long, value_name = "IMAGE", conflicts_with = "settings")]
        source: Option<String>,
        /// Give it the rights of the host's root
        #[arg(long, conflicts_with = "settings")]
        superpowered: bool,
        #[command(flatten)]
        from: From,
        /// Ask no registry if the image is there
        #[arg(long)]
        use_cached_image: bool,
        /// What to run in place of the image's command
        #[arg(last = true, conflicts_with = "settings")]
        command: Vec<String>,
    },
    /// Fetch an image
    PullImage {
        /// The image: REGISTRY/NAME with :TAG or @DIGEST
        #[arg(long, value_name = "IMAGE")]
        source: String,
        #[command(flatten)]
        from: From,
        /// Ask no registry if the image is there
        #[arg(long)]
        skip_if_image_exists: bool,
    },
    /// Take an image from an archive (OCI Image Layout)
    Load {
        /// What it is called here, such as localhost/NAME:TAG
        #[arg(long, value_name = "IMAGE")]
        name: String,
        /// The archive
        archive: PathBuf,
    },
    /// Take away images, but those named and those of containers that run
    CleanUp {
        /// An image to keep; may be repeated
        #[arg(long, value_name = "IMAGE")]
        keep: Vec<String>,
        /// A file with settings of containers whose images to keep; may be repeated
        #[arg(long, value_name = "FILE")]
        settings: Vec<PathBuf>,
    },
    /// List the images that are there
    List,
    /// Run a command in a container that runs
    Exec {
        /// With a terminal
        #[arg(long)]
        tty: bool,
        /// The container's name
        container_id: String,
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
    /// Run a command in a container for the client at standard input, a socket of
    /// the API server
    Session,
}

#[derive(Debug, Args)]
struct From {
    /// Mirrors and credentials: settings.container-registry in TOML
    #[arg(long, value_name = "FILE")]
    registry_config: Option<PathBuf>,
}

impl From {
    fn registries(&self) -> Result<Registries> {
        let Some(path) = &self.registry_config else {
            return Ok(Registries::default());
        };
        match files::read_to_string(path) {
            Ok(text) => toml::from_str(&text).with_context(|| path.display().to_string()),
            Err(error) if error.is_not_found() => Ok(Registries::default()),
            Err(error) => Err(error.into()),
        }
    }
}

fn reference(name: &str) -> Result<Reference> {
    let parsed: Result<Reference, _> = name.parse();
    parsed.with_context(|| {
        format!("`{name}` is no name of an image; hint: REGISTRY/NAME:TAG or REGISTRY/NAME@DIGEST")
    })
}

/// The program, with its arguments.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start")?;
        let is_session = matches!(cli.command, Command::Session);
        let done = runtime.block_on(work(cli));
        if is_session {
            // A terminal that somebody keeps open is not waited for.
            runtime.shutdown_background();
        }
        done
    })
}

async fn work(cli: Cli) -> Result<ExitCode> {
    let places = Places {
        store: cli.store,
        run: cli.run,
        runc: cli.runc,
    };
    match cli.command {
        Command::Run {
            container_id,
            container_type,
            settings,
            source,
            superpowered,
            from,
            use_cached_image,
            command,
        } => {
            let store = Store::open(&places.store)?;
            let settings = match settings {
                Some(path) => Settings::read(&path, container_type, &container_id)?,
                None => Settings {
                    source,
                    superpowered,
                    command,
                    ..Settings::default()
                },
            };
            let source = settings.source.as_deref().with_context(|| {
                format!("container {container_id} has no image; hint: set its `source`")
            })?;
            let (source, registries) = (reference(source)?, from.registries()?);
            // Nobody takes it away before it runs.
            let lock = store.lock()?;
            let image = run::image(&store, &source, &registries, use_cached_image).await?;
            let container = Container {
                id: container_id,
                kind: container_type,
                superpowered: settings.superpowered || container_type == Kind::Bootstrap,
                user_data: settings.decoded_user_data()?,
                command: settings.command,
            };
            let status = run::run(&places, &store, &image, lock, &container).await?;
            Ok(exit_code(status).into())
        }
        Command::PullImage {
            source,
            from,
            skip_if_image_exists,
        } => {
            let store = Store::open(&places.store)?;
            let (source, registries) = (reference(&source)?, from.registries()?);
            let image = run::image(&store, &source, &registries, skip_if_image_exists).await?;
            println!("{}", image.digest);
            Ok(ExitCode::SUCCESS)
        }
        Command::Load { name, archive } => {
            let store = Store::open(&places.store)?;
            let image = images::load(&store, &reference(&name)?, &archive)?;
            println!("{}", image.digest);
            Ok(ExitCode::SUCCESS)
        }
        Command::CleanUp { mut keep, settings } => {
            for path in settings {
                keep.extend(settings::sources(&path)?);
            }
            let keep = keep.iter().map(|name| reference(name));
            let keep = keep.collect::<Result<Vec<_>>>()?;
            let store = Store::open(&places.store)?;
            let alone = store.lock_alone()?;
            store.clean_up(&alone, &[keep, running(&places.run)?].concat())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::List => {
            for image in Store::open(&places.store)?.list()? {
                println!("{} {}", image.name, image.digest);
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Session => {
            session::serve(&places).await?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Exec {
            tty,
            container_id,
            command,
        } => {
            let runc = Runc::new(&places.runc, &places.run);
            let options = if tty {
                vec!["--tty".to_owned()]
            } else {
                Vec::new()
            };
            let status = runc.exec(&container_id, &options, &command).status();
            Ok(exit_code(status.context("failed to run runc")?).into())
        }
    }
}

/// The images of containers that run.
fn running(run: &Path) -> Result<Vec<Reference>> {
    let entries = match std::fs::read_dir(run) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("failed to list {}", run.display()));
        }
    };
    let mut images = Vec::new();
    for entry in entries {
        let path = entry?.path().join(run::IMAGE);
        if let Ok(name) = files::read_to_string(&path) {
            images.push(reference(&name)?);
        }
    }
    Ok(images)
}

/// The code of a process, or 128 and the number of the signal that ended it.
pub(crate) fn exit_code(status: std::process::ExitStatus) -> u8 {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}
