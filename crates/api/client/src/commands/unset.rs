//! `unset`: back to the next weaker layer.

use apiclient::Client;
use clap::Args;
use settings_model::Key;

use super::Result;
use super::transaction::{forget, report, while_pending};

#[derive(Debug, Args)]
pub struct Unset {
    /// Settings, such as `motd`, or groups of them, such as `ntp`
    #[arg(value_name = "KEY", required = true)]
    keys: Vec<String>,
}

impl Unset {
    pub fn run(self, client: &Client) -> Result {
        let keys = self
            .keys
            .iter()
            .map(|key| Key::parse_prefixed(key))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let changed = while_pending(client, "unset", |transaction| {
            if client.unset_settings(&keys, transaction)?.is_empty() {
                // Nothing was set that could be unset: as it should be.
                forget(client, transaction);
                return Ok(Vec::new());
            }
            Ok(client.commit_and_apply(transaction)?)
        })?;
        report(&changed);
        Ok(())
    }
}
