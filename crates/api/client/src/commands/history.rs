//! `history` and `rollback`: earlier generations of settings.

use apiclient::Client;
use clap::Args;

use super::Result;
use super::transaction::report;
use crate::failure::Failure;
use crate::output::{self, Column, Format};

#[derive(Debug, Args)]
pub struct History {
    /// How many generations to print [default: all that are kept]
    #[arg(value_name = "N")]
    count: Option<usize>,
}

impl History {
    pub fn run(self, client: &Client, format: Format) -> Result {
        let mut generations = client.history()?;
        if let (Some(count), Some(list)) = (self.count, generations.as_array_mut()) {
            list.truncate(count);
        }
        let columns = [
            Column::Text("number"),
            Column::Text("current"),
            Column::Text("time"),
            Column::Text("who"),
            Column::Text("transaction"),
            Column::Text("keys"),
            Column::Text("damaged"),
        ];
        output::print_list(&generations, "history", &columns, format)
    }
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// Number of the generation, as `history` prints it
    #[arg(value_name = "N")]
    generation: u64,
}

impl Rollback {
    pub fn run(self, client: &Client) -> Result {
        let changed = client.roll_back(self.generation).map_err(|error| {
            let hint = (error.status() == Some(404))
                .then(|| "`apiclient history` lists those that are kept".to_owned());
            Failure::from(error).or_hint(hint)
        })?;
        report(&changed);
        Ok(())
    }
}
