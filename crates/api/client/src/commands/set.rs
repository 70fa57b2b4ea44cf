//! `set`: settings on the command line.

use apiclient::assignment::{self, Assignment};
use apiclient::{Client, Layer};
use clap::Args;
use serde_json::Value;
use settings_model::{Model, json};

use super::Result;
use super::transaction::in_transaction;

#[derive(Debug, Args)]
pub struct Set {
    /// Settings, such as `motd="Hello"`, `settings.network.hostname=node-1`
    /// or `ntp.time-servers=a,b`. A list may also be written as JSON:
    /// `ntp.time-servers='["a", "b"]'`
    #[arg(value_name = "KEY=VALUE", required_unless_present = "json")]
    settings: Vec<String>,

    /// Settings as one JSON object
    #[arg(short, long, conflicts_with = "settings")]
    json: Option<String>,
}

impl Set {
    pub fn run(self, client: &Client) -> Result {
        let settings = match self.json {
            Some(text) => without_outer_word(json::parse(text.as_bytes())?),
            None => read(&self.settings)?,
        };
        in_transaction(client, "set", |transaction| {
            Ok(client.patch_settings(&settings, transaction, Layer::Api)?)
        })
    }
}

/// Makes one tree of settings written as `key=value`.
pub fn read(words: &[String]) -> Result<Value> {
    // A key is of one kind in all variants; whether this node has it, the API
    // knows.
    let model = Model::complete();
    let assignments = words
        .iter()
        .map(|word| Assignment::parse(word, &model))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(assignment::to_tree(&assignments)?)
}

/// `{"settings": {…}}` says the same as what is inside.
fn without_outer_word(mut tree: Value) -> Value {
    match tree.as_object_mut() {
        Some(members) if members.len() == 1 && members.contains_key("settings") => {
            members["settings"].take()
        }
        _ => tree,
    }
}
