//! The steps of an update on a node.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use jiff::Timestamp;
use semver::Version;
use slots::{Directory, Disk, Health, NodeError, Slots, State};
use update_metadata::{Lock, Manifest, NoUpdate, Node, Update, applicable, select};

use crate::migrations::{Kept, Way};
use crate::run_folder::RunFolder;
use crate::{Config, Repository, Target, install};

/// Where things are on a node.
#[derive(Debug, Args)]
pub struct Updater {
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
    /// Folder with the lock and the status
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/run/updates",
        global = true
    )]
    run: PathBuf,
    /// Look for /sys, /dev and os-release below this folder
    #[arg(long, value_name = "FOLDER", default_value = "/", global = true)]
    root: PathBuf,
}

/// What somebody asks for besides the settings.
#[derive(Debug, Default, Args)]
pub struct Wish {
    /// This version, whatever else is said
    #[arg(short, long, value_name = "VERSION")]
    pub image: Option<Version>,
    /// Whether or not this node's wave has come
    #[arg(short = 'n', long, alias = "now")]
    pub ignore_waves: bool,
}

/// What a repository offers to a node.
#[derive(Debug)]
pub struct Offer {
    repository: Repository,
    manifest: Manifest,
    node: Node,
}

impl Offer {
    /// All versions for nodes like this one.
    pub fn all(&self) -> Vec<&Update> {
        applicable(&self.manifest, &self.node)
    }

    /// The one that this node takes now, or why it takes none.
    ///
    /// # Errors
    ///
    /// The reason.
    pub fn choice(&self) -> Result<&Update, NoUpdate> {
        Ok(select(&self.manifest, &self.node)?.update)
    }
}

impl Updater {
    /// Where updaters keep out of each other's way.
    pub fn run_folder(&self) -> RunFolder {
        RunFolder::new(&self.run)
    }

    /// Asks the repository.
    ///
    /// # Errors
    ///
    /// If it is not what it has to be, or the node is not.
    pub async fn ask(&self, wish: &Wish) -> Result<Offer> {
        let config = Config::read(&self.config)?;
        let repository = Repository::open(&config, &self.trusted_root, &self.seen).await?;
        let manifest = repository.manifest().await?;
        let mut node = self.node(&config)?;
        node.ignore_waves |= wish.ignore_waves;
        if let Some(version) = &wish.image {
            node.lock = Lock::Version(version.clone());
            node.ignore_waves = true;
        }
        Ok(Offer {
            repository,
            manifest,
            node,
        })
    }

    /// Writes an update to the other slot, which boots no more until it is
    /// activated.
    ///
    /// # Errors
    ///
    /// If it does not get there as it was signed.
    pub async fn write(&self, offer: &Offer, update: &Update) -> Result<()> {
        let disk = Disk::find(&self.root)?;
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
        // If this breaks off, there is nothing that could be activated.
        let staged = self.staged();
        if staged.exists() {
            files::at("remove", &staged, fs::remove_file(&staged))?;
        }
        let version = update.version.to_string();
        tracing::info!("writing {version} to slot {slot}");
        let total = offer.repository.length(&update.images)?;
        let progress = self.run_folder().progress(version.clone(), total);
        let written = install(&offer.repository, &update.images, &target, progress).await?;
        tracing::info!(
            "{version} is in slot {slot}: {} bytes were written, {} were there",
            written.new,
            written.kept
        );
        let way = Way {
            from: offer.node.version.clone(),
            to: update.version.clone(),
        };
        self.kept()
            .keep(&offer.repository, &offer.manifest, &way)
            .await?;
        let text = format!("{version}\n");
        Ok(files::replace(&staged, text.as_bytes(), 0o644)?)
    }

    /// Makes the migrations of the settings of the running version ready, if it
    /// was an update.
    ///
    /// # Errors
    ///
    /// If they are not as they were signed.
    pub async fn load_migrations(&self) -> Result<()> {
        let (_, version) = self.system()?;
        let folder = self.run.join("migrations");
        self.kept()
            .load(&self.trusted_root, &version, &folder)
            .await
    }

    /// What was written to the other slot boots next.
    ///
    /// # Errors
    ///
    /// If nothing was, or this system has not shown to be good.
    pub fn activate(&self) -> Result<Version> {
        let text = files::read_to_string(&self.staged())
            .context("nothing is written to the other slot; hint: updog update-image")?;
        let version = text.trim();
        let parsed = Version::parse(version)
            .with_context(|| format!("{} names no version", self.staged().display()))?;
        self.with_slots(|slots| Ok(slots.activate(version)?))?;
        tracing::info!("{version} boots next");
        Ok(parsed)
    }

    /// Changes, or looks at, the slots.
    ///
    /// # Errors
    ///
    /// If they cannot be found, or what `work` says.
    pub fn with_slots<T>(
        &self,
        work: impl FnOnce(&mut Slots<Directory>) -> Result<T>,
    ) -> Result<T> {
        let disk = Disk::find(&self.root)?;
        let esp = disk.mount_esp()?;
        work(&mut Slots::new(
            Directory::new(esp.entries()),
            disk.booted(),
        ))
    }

    /// Both slots.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub fn states(&self) -> Result<[State; 2]> {
        self.with_slots(|slots| Ok(slots.states()?))
    }

    /// Which system runs here: its variant and version.
    ///
    /// # Errors
    ///
    /// If the system does not say.
    pub fn system(&self) -> Result<(String, Version)> {
        let path = self.root.join("usr/lib/os-release");
        let text = files::read_to_string(&path)?;
        let value = |name: &str| {
            os_release::value(&text, name)
                .with_context(|| format!("{} has no {name}", path.display()))
        };
        let version = Version::parse(&value("VERSION_ID")?).context("VERSION_ID is no version")?;
        Ok((value("VARIANT_ID")?, version))
    }

    fn node(&self, config: &Config) -> Result<Node> {
        let (variant, version) = self.system()?;
        Ok(Node {
            variant,
            arch: std::env::consts::ARCH.to_owned(),
            version,
            seed: config.seed,
            lock: config.lock.clone(),
            ignore_waves: config.ignore_waves,
            failed: self.failed()?,
            now: Timestamp::now(),
        })
    }

    /// Versions that were tried, and were not good. The other slot knows the last
    /// one; those before are remembered.
    fn failed(&self) -> Result<BTreeSet<Version>> {
        let path = self.seen.join("failed-versions.json");
        let mut failed: BTreeSet<Version> = match files::read(&path) {
            // Damaged, it would only cost a few boots.
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Err(error) if error.is_not_found() => BTreeSet::new(),
            Err(error) => return Err(error.into()),
        };
        let states = match Disk::find(&self.root) {
            // Such a system can ask what there is, though not take it.
            Err(NodeError::NoSlot) => return Ok(failed),
            _ => self.states()?,
        };
        let before = failed.clone();
        let bad = states.iter().find(|s| !s.booted && s.health == Health::Bad);
        failed.extend(bad.and_then(|state| state.version.as_deref()?.parse().ok()));
        // Somebody insisted, and it works now.
        if states.iter().any(|s| s.booted && s.health == Health::Good) {
            failed.remove(&self.system()?.1);
        }
        if failed != before {
            files::replace(&path, &serde_json::to_vec(&failed)?, 0o600)?;
        }
        Ok(failed)
    }

    fn kept(&self) -> Kept {
        Kept::new(self.seen.join("migrations"))
    }

    /// The file with the version that is in the other slot.
    fn staged(&self) -> PathBuf {
        self.seen.join("staged-version")
    }
}
