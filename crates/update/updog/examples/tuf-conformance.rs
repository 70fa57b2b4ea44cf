//! Our client of The Update Framework, as the conformance suite of that project
//! calls it (its CLIENT-CLI.md): `--entrypoint "…/tuf-conformance"`.
//!
//! Exit codes: 0 if it is done, 1 if the repository is refused.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use clap::{Parser, Subcommand};
use tough::{IntoVec, Repository, TargetName};
use updog::Pace;
use url::Url;
use url::form_urlencoded::byte_serialize;

#[derive(Debug, Parser)]
struct Cli {
    /// Where the metadata that is trusted lies
    #[arg(long, value_name = "FOLDER")]
    metadata_dir: PathBuf,
    #[arg(long)]
    metadata_url: Option<Url>,
    #[arg(long)]
    target_name: Vec<String>,
    #[arg(long)]
    target_dir: Option<PathBuf>,
    #[arg(long)]
    target_base_url: Option<Url>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Trust a root
    Init { root: PathBuf },
    /// Fetch the newest metadata
    Refresh,
    /// Fetch the newest metadata, and a target
    Download,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    if let Command::Init { root } = &cli.command {
        fs::create_dir_all(&cli.metadata_dir)?;
        fs::copy(root, cli.metadata_dir.join("root.json"))?;
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(fetch(cli))
}

async fn fetch(cli: Cli) -> Result<()> {
    let metadata = folder(cli.metadata_url.context("no --metadata-url")?);
    let targets = cli.target_base_url.map(folder);
    let root = fs::read(cli.metadata_dir.join("root.json"))?;
    // The client keeps more there than the suite knows.
    let seen = cli.metadata_dir.join("seen");
    fs::create_dir_all(&seen)?;
    let targets = targets.unwrap_or_else(|| metadata.clone());
    let loaded = updog::load(Pace::default(), &root, metadata, targets, &seen).await;
    // What is good by itself is trusted, whatever came behind it.
    for name in [
        "root.json",
        "timestamp.json",
        "snapshot.json",
        "targets.json",
    ] {
        if seen.join(name).exists() {
            fs::copy(seen.join(name), cli.metadata_dir.join(name))?;
        }
    }
    let repository = loaded?;
    if let Command::Download = cli.command {
        let folder = cli.target_dir.context("no --target-dir")?;
        for name in cli.target_name {
            // Names may have slashes in them; a folder may not be left by one.
            let encoded: String = byte_serialize(name.as_bytes()).collect();
            download(&repository, &TargetName::new(&name)?, &folder.join(encoded)).await?;
        }
    }
    Ok(())
}

/// What is there as it is signed is not fetched again.
async fn download(repository: &Repository, name: &TargetName, to: &Path) -> Result<()> {
    let signed = repository.all_targets().find(|(known, _)| *known == name);
    let (_, signed) = signed.context("there is no such target")?;
    let is_there = fs::read(to).is_ok_and(|bytes| {
        let found = digest(&SHA256, &bytes);
        found.as_ref() == signed.hashes.sha256.as_ref()
    });
    if !is_there {
        let stream = repository.read_target(name).await?;
        let bytes = stream.context("there is no such target")?;
        fs::write(to, bytes.into_vec().await?)?;
    }
    Ok(())
}

fn folder(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}
