//! `check`: a dry run.

use apiclient::{Client, Layer};
use clap::Args;
use serde_json::Value;

use super::Result;
use super::diff::CHANGES;
use super::transaction::{forget, while_pending};
use crate::commands::set;
use crate::failure::Failure;
use crate::output::{self, Column, Format};

#[derive(Debug, Args)]
pub struct Check {
    /// Settings to try, as `set` takes them [default: what is pending]
    #[arg(value_name = "KEY=VALUE")]
    settings: Vec<String>,

    /// Name of the transaction to try
    #[arg(
        long,
        value_name = "NAME",
        default_value = "default",
        conflicts_with = "settings"
    )]
    tx: String,
}

impl Check {
    pub fn run(self, client: &Client, format: Format) -> Result {
        let outcome = match self.settings.as_slice() {
            [] => client.check(&self.tx).map_err(|error| {
                let hint = (error.status() == Some(422))
                    .then(|| "give settings to try, such as `motd=Hello`".to_owned());
                Failure::from(error).or_hint(hint)
            })?,
            words => {
                let settings = set::read(words)?;
                while_pending(client, "check", |transaction| {
                    client.patch_settings(&settings, transaction, Layer::Api)?;
                    let outcome = client.check(transaction)?;
                    forget(client, transaction);
                    Ok(outcome)
                })?
            }
        };
        match format {
            Format::Table => output::print(tables(&outcome)),
            _ => output::print_tree(&outcome, format),
        }
    }
}

/// What would be set, written and restarted, a table each; and the difference
/// within each file.
fn tables(outcome: &Value) -> String {
    let files = Value::Array(entries(outcome, "files", |file| file["changed"] == true));
    let services = Value::Array(entries(outcome, "services", |_| true));
    let mut parts = vec![output::list_table(&outcome["changes"], &CHANGES)];
    let columns = [Column::Text("path"), Column::Text("name")];
    parts.extend(table_if_any(&files, &columns));
    let columns = [Column::Text("name"), Column::Value("restart-commands")];
    parts.extend(table_if_any(&services, &columns));
    let differences = files.as_array().into_iter().flatten();
    parts.extend(differences.filter_map(|file| file["diff"].as_str().map(str::to_owned)));
    parts.join("\n")
}

fn entries(outcome: &Value, list: &str, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
    let entries = outcome[list].as_array().into_iter().flatten();
    entries.filter(|entry| wanted(entry)).cloned().collect()
}

fn table_if_any(list: &Value, columns: &[Column]) -> Option<String> {
    let is_empty = list.as_array().is_none_or(Vec::is_empty);
    (!is_empty).then(|| output::list_table(list, columns))
}
