//! Fetches the user data that a volume has the address of (applet `fetch-user-data`): who
//! installs a fleet from one medium gives its machines an address and a digest.
//!
//! It is asked until there is an answer, as the network may only be coming up. What is
//! wrong with the address or with what is there is left in a file, because it is wrong with
//! the user data: who applies them says so, and the boot goes on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use instance_metadata::Patience;
use pinned_url::PinnedUrl;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, StatusCode};
use resolver::Resolver;

/// What user data may have.
const MAX_BYTES: usize = 1 << 20;

/// Longer ones are no addresses.
const MAX_ADDRESS_BYTES: usize = 4096;

/// As long as a network takes that has to negotiate.
const PATIENCE: Patience = Patience {
    limit: Duration::from_secs(300),
    attempt: Duration::from_secs(30),
};

/// Fetches user data, and compares it with its digest.
///
/// Exit codes: 0 done, or --problem says why not; 1 neither; 2 if the arguments make no
/// sense.
#[derive(Debug, Parser)]
#[command(name = "fetch-user-data", version)]
struct Cli {
    /// File with the address: URL#sha256=DIGEST
    address: PathBuf,
    /// File for what is there
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// File for why there is nothing
    #[arg(long, value_name = "FILE")]
    problem: PathBuf,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| {
        let text = files::read_limited(&cli.address, MAX_ADDRESS_BYTES)?;
        let text = String::from_utf8_lossy(&text);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("failed to start")?;
        match runtime.block_on(fetch(text.trim(), PATIENCE)) {
            Ok(bytes) => Ok(files::replace(&cli.to, &bytes, 0o600)?),
            Err(reason) => {
                tracing::error!("{reason}");
                Ok(files::replace(&cli.problem, reason.as_bytes(), 0o600)?)
            }
        }
    })
}

/// What may go wrong with a server.
enum Fault {
    /// Asking again may help.
    Passing(String),
    /// It does not.
    Lasting(String),
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        let reason = applet::explain(&error.without_url().into());
        Self::Passing(reason)
    }
}

/// Names are looked up where the network says: who does that for all programs starts when
/// there are settings.
#[derive(Debug)]
struct NamesOfNetwork;

impl Resolve for NamesOfNetwork {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = Resolver::of_network()?.addresses(name.as_str()).await?;
            let addresses: Addrs = Box::new(found.into_iter().map(|address| (address, 0).into()));
            Ok(addresses)
        })
    }
}

/// What is at an address.
///
/// # Errors
///
/// Why it is not there.
pub async fn fetch(address: &str, patience: Patience) -> Result<Vec<u8>, String> {
    let address = address.parse::<PinnedUrl>();
    let address = address.map_err(|reason| format!("the address of the user data: {reason}"))?;
    // Fails where there is one already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let client = Client::builder()
        // A redirect does not lead what is secret into the open.
        .https_only(address.url().starts_with("https://"))
        .timeout(patience.attempt)
        .dns_resolver(NamesOfNetwork)
        .build();
    let client = client.map_err(|reason| applet::explain(&reason.into()))?;
    let mut attempts = patience.attempts();
    let mut last = String::new();
    loop {
        let url = address.url();
        let reason = match attempt(&client, url).await {
            Ok(bytes) => {
                address.check(&bytes).map_err(|e| e.to_string())?;
                tracing::info!("{url}: {} bytes", bytes.len());
                return Ok(bytes);
            }
            Err(Fault::Lasting(reason)) => return Err(format!("{url}: {reason}")),
            Err(Fault::Passing(reason)) => reason,
        };
        let Some(wait) = attempts.next_wait() else {
            let seconds = patience.limit.as_secs();
            return Err(format!("{url} gives no answer in {seconds} s: {reason}"));
        };
        if reason != last {
            tracing::info!("{url}: {reason}; asking again");
            last = reason;
        }
        tokio::time::sleep(wait).await;
    }
}

async fn attempt(client: &Client, url: &str) -> Result<Vec<u8>, Fault> {
    let mut answer = client.get(url).send().await?;
    match answer.status() {
        StatusCode::OK => {}
        status => {
            let reason = format!("the server answers {status}");
            let is_passing = status.is_server_error()
                || status == StatusCode::REQUEST_TIMEOUT
                || status == StatusCode::TOO_MANY_REQUESTS;
            return Err(match is_passing {
                true => Fault::Passing(reason),
                false => Fault::Lasting(reason),
            });
        }
    }
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        bytes.extend(piece);
        if bytes.len() > MAX_BYTES {
            return Err(Fault::Lasting(format!(
                "there are more than {MAX_BYTES} bytes"
            )));
        }
    }
    Ok(bytes)
}
