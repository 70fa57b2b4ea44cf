//! Changes of settings, all or nothing.

use std::hash::{BuildHasher, RandomState};

use apiclient::Client;

use super::Result;

/// Runs `fill` with the name of a new transaction, then commits and applies
/// it, and says which settings changed. Nothing stays pending if that goes
/// wrong.
pub fn in_transaction(client: &Client, what: &str, fill: impl FnOnce(&str) -> Result) -> Result {
    let keys = while_pending(client, what, |transaction| {
        fill(transaction)?;
        Ok(client.commit_and_apply(transaction)?)
    });
    keys.map(|keys| report(&keys))
}

/// Runs `work` with the name of a new transaction. Nothing stays pending if
/// that goes wrong.
pub fn while_pending<T>(
    client: &Client,
    what: &str,
    work: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    // The keys of a fresh hasher are random: no two clients share a name.
    let random = RandomState::new().hash_one(what);
    let transaction = format!("apiclient-{what}-{random:016x}");
    let result = work(&transaction);
    if result.is_err() {
        forget(client, &transaction);
    }
    result
}

/// Drops a transaction that is of no more use.
pub fn forget(client: &Client, transaction: &str) {
    if let Err(error) = client.drop_transaction(transaction) {
        tracing::debug!(transaction, %error, "the transaction was not dropped");
    }
}

/// Names the settings that changed, not their values: some are secret, and
/// standard error often ends in a log.
pub fn report(keys: &[String]) {
    if keys.is_empty() {
        eprintln!("nothing changed");
    }
    for key in keys {
        eprintln!("changed {key}");
    }
}
