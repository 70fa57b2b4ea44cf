//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use semver::Version;
use serde_json::json;
use slots::{Directory, Disk, Slots};
use update_metadata::{Choice, Lock, Manifest, Node, Update, applicable, select};

use crate::{Config, Repository, Target, install};

/// Takes updates from a signed repository into the slot that does not run.
///
/// Exit codes: 0 if it is done, 1 if not, 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "updog", version)]
struct Cli {
    #[command(flatten)]
    places: Places,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Places {
    /// Configuration, as settings make it
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/etc/updog.toml",
        global = true
    )]
    config: PathBuf,
    /// The root of trust
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/usr/share/updog/root.json",
        global = true
    )]
    trusted_root: PathBuf,
    /// Folder that remembers what the repository has shown
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/var/lib/bottlerocket/updog",
        global = true
    )]
    seen: PathBuf,
    /// Look for /sys, /dev and os-release below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/", global = true)]
    root: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the version that this node takes now
    #[command(alias = "whats")]
    CheckUpdate {
        /// All versions for nodes like this one
        #[arg(short, long)]
        all: bool,
        #[command(flatten)]
        options: Options,
    },
    /// Make ready for an update: what is in the other slot boots no more
    Prepare,
    /// Write the update to the other slot
    UpdateImage {
        #[command(flatten)]
        options: Options,
    },
    /// What was written to the other slot boots next
    UpdateApply,
    /// What was written to the other slot does not boot next after all
    UpdateRevert,
    /// Print what is in both slots, as JSON
    Status,
    /// All of it: write the update, and let it boot next
    Update {
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// This version, whatever else is said
    #[arg(short, long, value_name = "VERSION")]
    image: Option<Version>,
    /// Whether or not this node's wave has come
    #[arg(short = 'n', long, alias = "now")]
    ignore_waves: bool,
    /// Print JSON
    #[arg(short, long)]
    json: bool,
}

/// Runs the program; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start")?;
        runtime.block_on(run(&cli.places, cli.command))
    })
}

async fn run(places: &Places, command: Command) -> Result<()> {
    match command {
        Command::CheckUpdate { all, options } => {
            let (_, manifest, node) = ask(places, &options).await?;
            let updates = match all {
                true => applicable(&manifest, &node),
                false => vec![choose(&manifest, &node)?.update],
            };
            print(&updates, options.json);
        }
        Command::Prepare => change_slots(places, |slots| Ok(slots.clear_inactive()?))?,
        Command::UpdateImage { options } => update_image(places, &options).await?,
        Command::UpdateApply => apply(places)?,
        Command::UpdateRevert => change_slots(places, |slots| Ok(slots.cancel()?))?,
        Command::Status => change_slots(places, |slots| {
            println!("{}", serde_json::to_string(&slots.states()?)?);
            Ok(())
        })?,
        Command::Update { options } => {
            update_image(places, &options).await?;
            apply(places)?;
        }
    }
    Ok(())
}

async fn ask(places: &Places, options: &Options) -> Result<(Repository, Manifest, Node)> {
    let config = Config::read(&places.config)?;
    let repository = Repository::open(&config, &places.trusted_root, &places.seen).await?;
    let manifest = repository.manifest().await?;
    let mut node = node(places, &config)?;
    node.ignore_waves |= options.ignore_waves;
    if let Some(version) = &options.image {
        node.lock = Lock::Version(version.clone());
        node.ignore_waves = true;
    }
    Ok((repository, manifest, node))
}

fn choose<'a>(manifest: &'a Manifest, node: &Node) -> Result<Choice<'a>> {
    select(manifest, node).map_err(|reason| anyhow::anyhow!("there is no update: {reason}"))
}

async fn update_image(places: &Places, options: &Options) -> Result<()> {
    let (repository, manifest, node) = ask(places, options).await?;
    let update = choose(&manifest, &node)?.update;
    let disk = Disk::find(&places.root)?;
    let esp = disk.mount_esp()?;
    let mut slots = Slots::new(Directory::new(esp.entries()), disk.booted());
    let slot = disk.booted().other();
    let target = Target {
        slot,
        disk: disk.device(),
        root: disk.partition(slot.root_partition())?,
        hash: disk.partition(slot.hash_partition())?,
        boot: esp.kernel_image(slot),
    };
    slots.clear_inactive()?;
    tracing::info!("writing {} to slot {slot}", update.version);
    let written = install(&repository, &update.images, &target).await?;
    tracing::info!(
        "{} is in slot {slot}: {} bytes were written, {} were there",
        update.version,
        written.new,
        written.kept
    );
    remember(places, update)?;
    print(&[update], options.json);
    Ok(())
}

fn apply(places: &Places) -> Result<()> {
    let version = files::read_to_string(&staged(places))
        .context("nothing is written to the other slot; hint: updog update-image")?;
    change_slots(places, |slots| Ok(slots.activate(version.trim())?))?;
    tracing::info!("{} boots next", version.trim());
    Ok(())
}

fn change_slots(
    places: &Places,
    change: impl FnOnce(&mut Slots<Directory>) -> Result<()>,
) -> Result<()> {
    let disk = Disk::find(&places.root)?;
    let esp = disk.mount_esp()?;
    change(&mut Slots::new(
        Directory::new(esp.entries()),
        disk.booted(),
    ))
}

/// The file with the version that is in the other slot.
fn staged(places: &Places) -> PathBuf {
    places.seen.join("staged-version")
}

fn remember(places: &Places, update: &Update) -> Result<()> {
    let text = format!("{}\n", update.version);
    Ok(files::replace(&staged(places), text.as_bytes(), 0o644)?)
}

fn node(places: &Places, config: &Config) -> Result<Node> {
    let path = places.root.join("usr/lib/os-release");
    let text = files::read_to_string(&path)?;
    let value = |name: &str| {
        os_release::value(&text, name)
            .with_context(|| format!("{} has no {name}", Path::new(&path).display()))
    };
    Ok(Node {
        variant: value("VARIANT_ID")?,
        arch: std::env::consts::ARCH.to_owned(),
        version: Version::parse(&value("VERSION_ID")?).context("VERSION_ID is no version")?,
        seed: config.seed,
        lock: config.lock.clone(),
        ignore_waves: config.ignore_waves,
        now: Timestamp::now(),
    })
}

fn print(updates: &[&Update], as_json: bool) {
    if as_json {
        let list: Vec<_> = updates
            .iter()
            .map(|u| json!({"variant": u.variant, "arch": u.arch, "version": u.version}))
            .collect();
        println!("{}", json!(list));
    } else {
        for update in updates {
            println!("{} {} {}", update.variant, update.arch, update.version);
        }
    }
}
