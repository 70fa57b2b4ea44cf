//! Logs and facts about the node.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use apiclient::Client;
use clap::Args;

use super::Result;
use crate::failure::Failure;

/// Collecting takes a while on a node that is busy.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Where they go.
#[derive(Debug, Args)]
pub struct Logs {
    /// File to write; `-` is standard output
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "bottlerocket-logs.tar.gz"
    )]
    file: PathBuf,
}

impl Logs {
    pub fn run(&self, client: &Client) -> Result {
        let to_standard_output = self.file == Path::new("-");
        if to_standard_output && io::stdout().is_terminal() {
            let failure = Failure::new("an archive is nothing for a terminal");
            return Err(failure.or_hint(Some("apiclient logs --file FILE".to_owned())));
        }
        let client = client.clone().with_timeout(TIMEOUT);
        let archive = client.send("GET", "/report/logs", None)?.body;
        if to_standard_output {
            let written = io::stdout().write_all(&archive);
            return written.map_err(|e| Failure::new(format!("failed to write: {e}")));
        }
        files::replace(&self.file, &archive, 0o600)?;
        println!("{} ({} bytes)", self.file.display(), archive.len());
        Ok(())
    }
}
