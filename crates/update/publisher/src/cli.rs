//! The command line.

use std::net::SocketAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};
use publisher::{Image, KeyLocation, Migrations, Repository, Roles, Signers};
use semver::Version;
use tempfile::TempDir;
use tokio::net::TcpListener;
use update_metadata::{Manifest, Schedule, Update, Waves};

const HOURS_PER_DAY: i64 = 24;

/// Makes signed repositories of updates from built images.
///
/// Exit codes: 0 if it is done, 1 if not, 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "publisher", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a signing key: Ed25519 in a file, ECDSA P-256 in a token
    Key {
        /// Where to put it: a file, or a PKCS#11 URI. Keys in KMS are made there
        key: KeyLocation,
    },
    /// Make a repository that offers nothing yet
    Init {
        #[command(flatten)]
        signing: Signing,
        /// Key that signs only how fresh the repository is; may be repeated
        #[arg(long, value_name = "KEY")]
        online_key: Vec<KeyLocation>,
        /// How many of the keys it takes to sign what is offered
        #[arg(long, value_name = "N", default_value = "1")]
        threshold: NonZeroU64,
        /// Days that the root of trust holds
        #[arg(long, value_name = "DAYS", default_value_t = 365)]
        root_days: i64,
    },
    /// Offer a built image
    Add {
        #[command(flatten)]
        signing: Signing,
        /// Folder that `image-builder image` made
        #[arg(long, value_name = "FOLDER")]
        image: PathBuf,
        /// How it spreads: a wave file; to all at once if not given
        #[arg(long, value_name = "FILE")]
        waves: Option<PathBuf>,
        /// Folder that `image-builder migrations` made: what brings settings to
        /// this version, and back
        #[arg(long, value_name = "FOLDER")]
        migrations: Option<PathBuf>,
        /// No node is to have a version above this one [default: the image's]
        #[arg(long, value_name = "VERSION")]
        max_version: Option<Version>,
    },
    /// Change how an offered version spreads
    SetWave {
        #[command(flatten)]
        signing: Signing,
        #[command(flatten)]
        which: Which,
        /// A wave file; to all at once if not given
        #[arg(long, value_name = "FILE")]
        waves: Option<PathBuf>,
    },
    /// Offer a version no longer
    Remove {
        #[command(flatten)]
        signing: Signing,
        #[command(flatten)]
        which: Which,
    },
    /// Sign again, so that the repository stays fresh
    Refresh {
        #[command(flatten)]
        signing: Signing,
    },
    /// No node is to have a version above this one: those that do go back to the
    /// newest that is offered
    SetMaxVersion {
        #[command(flatten)]
        signing: Signing,
        /// The variant
        #[arg(long)]
        variant: String,
        /// The architecture
        #[arg(long)]
        arch: String,
        /// The version
        version: Version,
    },
    /// Copy the repository, verified, such as to a stick for nodes without a
    /// network
    Mirror {
        /// Its folder
        #[arg(long, value_name = "FOLDER")]
        repository: PathBuf,
        /// Folder for the copy
        to: PathBuf,
        /// What is for this variant alone
        #[arg(long)]
        variant: Option<String>,
    },
    /// Serve the repository over HTTP, for trials
    Serve {
        /// Its folder
        #[arg(long, value_name = "FOLDER")]
        repository: PathBuf,
        /// Where to listen
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
        listen: SocketAddr,
    },
    /// Read the repository as a node does, and every target of it
    Validate {
        /// Its folder
        #[arg(long, value_name = "FOLDER")]
        repository: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Signing {
    /// Folder of the repository
    #[arg(long, value_name = "FOLDER")]
    repository: PathBuf,
    /// Signing key: a file, a PKCS#11 URI (RFC 7512) such as
    /// 'pkcs11:token=release;object=root?pin-source=file:/run/pin', or a key in Amazon's
    /// Key Management Service, aws-kms://[PROFILE]/KEY; may be repeated
    #[arg(long, value_name = "KEY", required = true)]
    key: Vec<KeyLocation>,
    /// Days that the repository is fresh without being signed again
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    fresh_days: i64,
    /// Days that what is offered holds
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    valid_days: i64,
}

#[derive(Debug, Args)]
struct Which {
    /// The variant
    #[arg(long)]
    variant: String,
    /// The architecture
    #[arg(long)]
    arch: String,
    /// The version
    #[arg(long)]
    version: Version,
}

impl Signing {
    fn signers(&self) -> Signers {
        Signers {
            keys: self.key.clone(),
            fresh: days(self.fresh_days),
            valid: days(self.valid_days),
        }
    }

    fn repository(&self) -> Repository {
        Repository::new(&self.repository)
    }
}

impl Which {
    fn find<'a>(&self, manifest: &'a mut Manifest) -> Result<&'a mut Update> {
        let Self {
            variant,
            arch,
            version,
        } = self;
        manifest
            .updates
            .iter_mut()
            .find(|u| u.variant == *variant && u.arch == *arch && u.version == *version)
            .with_context(|| format!("{version} of {variant} for {arch} is not offered"))
    }
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(days.saturating_mul(HOURS_PER_DAY))
}

pub fn main() -> ExitCode {
    applet::main(std::env::args_os().collect(), |cli: Cli| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start")?;
        runtime.block_on(run(cli.command))
    })
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Key { key } => key.generate()?,
        Command::Init {
            mut signing,
            online_key,
            threshold,
            root_days,
        } => {
            let repository = signing.repository();
            let roles = Roles {
                keys: signing.key.clone(),
                threshold,
                online_keys: online_key.clone(),
            };
            let expires = Timestamp::now() + days(root_days);
            let expires = Timestamp::from_second(expires.as_second())?;
            publisher::create_root(&repository.metadata(), &roles, expires).await?;
            signing.key.extend(online_key);
            let (nothing, no_targets) = (Manifest::default(), temporary_folder()?);
            repository
                .publish(&nothing, no_targets.path(), &signing.signers())
                .await?;
            println!("{}", repository.root().display());
        }
        Command::Add {
            signing,
            image,
            waves,
            migrations,
            max_version,
        } => {
            let repository = signing.repository();
            let folder = temporary_folder()?;
            let image = Image::open(&image)?;
            let waves = read_waves(waves, &image.version().to_string())?;
            let update = image.update(waves, max_version);
            let mut manifest = repository.manifest().await?;
            let offered = |other: &Update| {
                (&other.variant, &other.arch, &other.version)
                    == (&update.variant, &update.arch, &update.version)
            };
            if manifest.updates.iter().any(offered) {
                bail!(
                    "{} of {} for {} is offered already; hint: another build needs another version",
                    update.version,
                    update.variant,
                    update.arch
                );
            }
            raise_max_version(&mut manifest, &update);
            image.write_targets(folder.path())?;
            if let Some(migrations) = migrations {
                Migrations::open(&migrations)?.add(&mut manifest, &update.arch, folder.path())?;
            }
            manifest.updates.push(update);
            repository
                .publish(&manifest, folder.path(), &signing.signers())
                .await?;
        }
        Command::SetWave {
            signing,
            which,
            waves,
        } => {
            let waves = read_waves(waves, &which.version.to_string())?;
            change(&signing, |manifest| {
                which.find(manifest)?.waves = waves;
                Ok(())
            })
            .await?;
        }
        Command::Remove { signing, which } => {
            change(&signing, |manifest| {
                let removed = which.find(manifest)?.clone();
                manifest.updates.retain(|update| *update != removed);
                Ok(())
            })
            .await?;
        }
        Command::Refresh { signing } => change(&signing, |_| Ok(())).await?,
        Command::SetMaxVersion {
            signing,
            variant,
            arch,
            version,
        } => {
            change(&signing, |manifest| {
                let updates = manifest.updates.iter_mut();
                let mut found = false;
                for update in updates.filter(|u| u.variant == variant && u.arch == arch) {
                    update.max_version = version.clone();
                    found = true;
                }
                match found {
                    true => Ok(()),
                    false => bail!("nothing is offered to {variant} for {arch}"),
                }
            })
            .await?;
        }
        Command::Mirror {
            repository,
            to,
            variant,
        } => {
            Repository::new(repository)
                .mirror(&to, variant.as_deref())
                .await?;
        }
        Command::Serve { repository, listen } => {
            let metadata = Repository::new(&repository).metadata();
            if !metadata.is_dir() {
                bail!("{} is no repository", repository.display());
            }
            let listener = TcpListener::bind(listen).await;
            let listener = listener.with_context(|| format!("failed to listen at {listen}"))?;
            let listen = listener.local_addr()?;
            println!("serving http://{listen}/metadata and http://{listen}/targets");
            warp::serve(warp::fs::dir(repository))
                .incoming(listener)
                .run()
                .await;
        }
        Command::Validate { repository } => {
            let manifest = Repository::new(repository).validate().await?;
            for update in &manifest.updates {
                println!("{} {} {}", update.variant, update.arch, update.version);
            }
        }
    }
    Ok(())
}

/// Changes what is offered, and signs it.
async fn change(signing: &Signing, work: impl FnOnce(&mut Manifest) -> Result<()>) -> Result<()> {
    let nothing_new = temporary_folder()?;
    let repository = signing.repository();
    let mut manifest = repository.manifest().await?;
    work(&mut manifest)?;
    let signers = signing.signers();
    repository
        .publish(&manifest, nothing_new.path(), &signers)
        .await
}

fn temporary_folder() -> Result<TempDir> {
    tempfile::tempdir().context("failed to make a temporary folder")
}

/// A newer version may be had by all nodes of its kind.
fn raise_max_version(manifest: &mut Manifest, new: &Update) {
    for update in &mut manifest.updates {
        if (&update.variant, &update.arch) == (&new.variant, &new.arch) {
            let highest = update.max_version.clone().max(new.max_version.clone());
            update.max_version = highest;
        }
    }
}

fn read_waves(file: Option<PathBuf>, version: &str) -> Result<Waves> {
    let Some(file) = file else {
        return Ok(Waves::default());
    };
    let schedule = Schedule::parse(&files::read_to_string(&file)?);
    let waves = schedule.and_then(|schedule| schedule.waves(Timestamp::now(), version));
    waves.with_context(|| file.display().to_string())
}
