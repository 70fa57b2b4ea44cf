//! The one transaction that user data goes through.

use std::path::Path;

use apiclient::user_data::Document;
use apiclient::{Client, Layer};

use crate::sources::{self, Source};

/// The transaction of all that happens before a node's services start.
pub const TRANSACTION: &str = "bottlerocket-launch";

/// How it went, where nothing is wrong with the node itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An earlier boot did it.
    AlreadyRan,
    /// User data, if there was any, is in force; these keys changed.
    Committed(Vec<String>),
    /// User data is bad, and nothing of it was committed.
    Refused(String),
}

/// What keeps user data from being applied besides the user data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API could not be asked, or could not do it.
    #[error(transparent)]
    Api(#[from] apiclient::Error),
    /// The marker could not be looked for or written.
    #[error(transparent)]
    Marker(#[from] files::Error),
}

/// Why it stopped half way.
enum Stop {
    Refused(String),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Collects the user data of all sources, the first one being the weakest,
/// commits it, and then creates `marker`. If `marker` exists, does nothing.
pub fn launch(
    client: &Client,
    sources: impl FnOnce() -> Result<Vec<Box<dyn Source>>, sources::Error>,
    marker: &Path,
) -> Result<Outcome, Error> {
    if files::at("look for", marker, marker.try_exists())? {
        return Ok(Outcome::AlreadyRan);
    }
    match commit(client, sources) {
        Ok(keys) => {
            if let Some(folder) = marker.parent() {
                files::create_dir_all(folder)?;
            }
            files::replace(marker, b"", 0o644)?;
            Ok(Outcome::Committed(keys))
        }
        Err(stop) => {
            if let Err(error) = client.drop_transaction(TRANSACTION) {
                tracing::warn!("transaction {TRANSACTION} was not dropped: {error}");
            }
            match stop {
                Stop::Refused(reason) => Ok(Outcome::Refused(reason)),
                Stop::Failed(error) => Err(error),
            }
        }
    }
}

fn commit(
    client: &Client,
    sources: impl FnOnce() -> Result<Vec<Box<dyn Source>>, sources::Error>,
) -> Result<Vec<String>, Stop> {
    // All are read before the first one is sent.
    let documents = collect(sources).map_err(Stop::Refused)?;
    // What a boot left that was cut off here; it is collected again.
    client.drop_transaction(TRANSACTION)?;
    // One by one, in order, so that a refusal is about one document.
    for (document, layer) in &documents {
        tracing::info!("found {}", document.origin());
        match client.patch_settings(document.settings(), TRANSACTION, *layer) {
            // What the node found out, and this variant has no setting for.
            Err(error) if error.is_refusal() && *layer == Layer::Generated => {
                tracing::info!("{} is of no use here: {error}", document.origin());
            }
            patched => {
                patched.map_err(|e| refusal(e, |reason| document.fault(reason).to_string()))?;
            }
        }
    }
    match client.commit(TRANSACTION) {
        Ok(keys) => Ok(keys),
        // Nothing was pending: there is no user data, or none that sets anything.
        Err(error) if error.status() == Some(422) => Ok(Vec::new()),
        Err(error) => Err(refusal(error, str::to_owned)),
    }
}

fn collect(
    sources: impl FnOnce() -> Result<Vec<Box<dyn Source>>, sources::Error>,
) -> Result<Vec<(Document, Layer)>, String> {
    let mut documents = Vec::new();
    for source in sources().map_err(|e| e.to_string())? {
        let found = source.fetch().map_err(|e| e.to_string())?;
        let Some(user_data) = found else { continue };
        // Platforms hand out an empty document where a person gave none.
        if user_data.bytes.trim_ascii().is_empty() {
            tracing::info!("{} is empty", user_data.origin);
            continue;
        }
        let document =
            Document::parse(user_data.origin, &user_data.bytes).map_err(|e| e.to_string())?;
        documents.push((document, user_data.layer));
    }
    Ok(documents)
}

fn refusal(error: apiclient::Error, explain: impl FnOnce(&str) -> String) -> Stop {
    match &error {
        apiclient::Error::Refused { message, hint, .. } if error.is_refusal() => {
            let reason = explain(message);
            Stop::Refused(match hint {
                Some(hint) => format!("{reason} (hint: {hint})"),
                None => reason,
            })
        }
        _ => Stop::Failed(error.into()),
    }
}
