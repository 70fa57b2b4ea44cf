//! What was committed, and going back to it.

use std::sync::Arc;

use serde_json::{Value, json};
use settings_store::Record;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::{State, blocking};
use crate::transactions::{apply_committed, prefixed};

/// `GET /history`
pub(crate) async fn list(state: &Arc<State>) -> answer::Result {
    let history = state.history.clone();
    let records = blocking(move || Ok(history.list()?)).await?;
    let current = state.live().generation();
    let described = records.iter().map(|record| describe(record, current));
    answer::json(&described.collect::<Result<Vec<_>, _>>()?)
}

fn describe(record: &Record, current: u64) -> Result<Value, Failure> {
    let mut described = serde_json::to_value(record)
        .map_err(|e| Failure::internal(format!("failed to write the answer as JSON: {e}")))?;
    described["keys"] = json!(prefixed(&record.keys));
    described["current"] = json!(record.number == current);
    Ok(described)
}

/// `POST /history/{number}/rollback`
pub(crate) async fn rollback(state: &Arc<State>, request: &Request) -> answer::Result {
    let number = request.number(1)?;
    let apply = request.parameters()?.flag("apply", true)?;
    let who = request.peer.to_string();
    let keys = state
        .with_store(move |store| store.rollback(number, &who))
        .await?;
    if !keys.is_empty() {
        audit(
            request,
            &format!("rolled back to {number}"),
            None,
            None,
            &keys,
        );
        if apply {
            apply_committed(state, &keys).await?;
        }
    }
    answer::json(&prefixed(&keys))
}
