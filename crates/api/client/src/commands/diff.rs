//! `diff`: what is pending.

use apiclient::Client;
use clap::Args;

use super::Result;
use crate::output::{self, Column, Format};

/// The columns of a list of changes.
pub const CHANGES: [Column; 4] = [
    Column::Text("key"),
    Column::Value("before"),
    Column::Value("after"),
    Column::Text("layer"),
];

#[derive(Debug, Args)]
pub struct Diff {
    /// Name of the transaction
    #[arg(long, value_name = "NAME", default_value = "default")]
    tx: String,
}

impl Diff {
    pub fn run(self, client: &Client, format: Format) -> Result {
        let changes = client.pending_changes(&self.tx)?;
        if changes.as_array().is_some_and(Vec::is_empty) {
            eprintln!(
                "nothing is pending in transaction `{}`",
                self.tx.escape_debug()
            );
        }
        output::print_list(&changes, "diff", &CHANGES, format)
    }
}
