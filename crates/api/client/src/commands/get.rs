//! `get`: settings and facts about the OS.

use apiclient::{Client, uri};
use clap::Args;
use serde_json::{Value, json};
use settings_model::tree;

use super::Result;
use crate::failure::Failure;
use crate::output::{self, Column, Format};

#[derive(Debug, Args)]
pub struct Get {
    /// Beginnings of keys, such as `settings.ntp` or `os.version`; or one
    /// path, such as `/tx/list` [default: settings and os]
    #[arg(value_name = "PREFIX|/PATH")]
    what: Vec<String>,

    /// Print where each setting comes from: its layer, when and in which
    /// transaction it was set, and which values of weaker layers it covers
    #[arg(long)]
    provenance: bool,
}

impl Get {
    pub fn run(self, client: &Client, format: Format) -> Result {
        let is_path = |word: &String| word.starts_with('/');
        if self.what.iter().any(is_path) && (self.what.len() > 1 || self.provenance) {
            let message = "give one path, or any number of prefixes";
            return Err(Failure::Usage(message.to_owned()));
        }
        if self.provenance {
            return self.provenance(client, format);
        }
        match self.what.as_slice() {
            [path] if is_path(path) => {
                let answer: Value = client.get(path)?;
                match answer.is_object() {
                    true => output::print_tree(&answer, format),
                    // Such as a list of names.
                    false => output::print_json(&answer),
                }
            }
            [] => output::print_tree(&with_prefixes(client, &["settings", "os"])?, format),
            prefixes => {
                let found = with_prefixes(client, prefixes)?;
                self.explain_nothing(&found);
                output::print_tree(&found, format)
            }
        }
    }

    fn provenance(&self, client: &Client, format: Format) -> Result {
        let mut found = client.provenance()?;
        if let (false, Some(members)) = (self.what.is_empty(), found.as_object_mut()) {
            members.retain(|key, _| self.what.iter().any(|prefix| key.starts_with(prefix)));
        }
        self.explain_nothing(&found);
        if format != Format::Table {
            return output::print_tree(&found, format);
        }
        let columns = [
            Column::Text("key"),
            Column::Value("value"),
            Column::Text("layer"),
            Column::Text("time"),
            Column::Text("who"),
            Column::Text("transaction"),
        ];
        let rows = found.as_object().into_iter().flatten();
        let rows: Vec<Value> = rows
            .map(|(key, about)| {
                let mut row = about.clone();
                if row.is_object() {
                    row["key"] = json!(key);
                }
                row
            })
            .collect();
        output::print(output::list_table(&rows.into(), &columns))
    }

    /// An empty answer is most often a key without its first word.
    fn explain_nothing(&self, found: &Value) {
        if found.as_object().is_some_and(|found| found.is_empty())
            && let Some(prefix) = self.what.iter().find(|p| !p.starts_with("settings"))
        {
            eprintln!("hint: keys are written in full here: `settings.{prefix}`");
        }
    }
}

fn with_prefixes(client: &Client, prefixes: &[impl AsRef<str>]) -> Result<Value> {
    let mut merged = Value::Object(Default::default());
    for prefix in prefixes {
        let part: Value = client.get(&uri("/", &[("prefix", prefix.as_ref())]))?;
        tree::merge(&mut merged, &part);
    }
    Ok(merged)
}
