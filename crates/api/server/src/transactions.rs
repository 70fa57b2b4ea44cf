//! Transactions: looking at them, dropping them, making them effective.

use std::sync::Arc;

use serde_json::{Value, json};
use settings_model::Key;
use settings_store::Change;

use crate::answer::{self, Failure};
use crate::request::Request;
use crate::state::State;
use crate::{applier, audit::audit};

/// `GET /tx`
pub(crate) fn get(state: &State, request: &Request) -> answer::Result {
    let transaction = request.parameters()?.transaction()?;
    answer::json(&state.live().pending(&transaction))
}

/// `GET /tx/list`
pub(crate) fn list(state: &State) -> answer::Result {
    let live = state.live();
    let names: Vec<_> = live.transactions().map(ToString::to_string).collect();
    answer::json(&names)
}

/// `GET /tx/diff`
pub(crate) fn diff(state: &State, request: &Request) -> answer::Result {
    let transaction = request.parameters()?.transaction()?;
    answer::json(&described(&state.live().changes(&transaction)))
}

/// Changes as they stand in answers.
pub(crate) fn described(changes: &[Change]) -> Vec<Value> {
    let one = |change: &Change| {
        json!({
            "key": change.key.with_prefix(),
            "before": change.before,
            "after": change.after,
            "layer": change.layer,
        })
    };
    changes.iter().map(one).collect()
}

/// `DELETE /tx`
pub(crate) async fn delete(state: &Arc<State>, request: &Request) -> answer::Result {
    let transaction = request.parameters()?.transaction()?;
    let dropped = {
        let transaction = transaction.clone();
        state.with_store(move |store| store.drop_transaction(&transaction))
    };
    let keys = dropped.await?;
    if !keys.is_empty() {
        audit(request, "dropped", Some(&transaction), None, &keys);
    }
    answer::json(&prefixed(&keys))
}

/// `POST /tx/commit`
pub(crate) async fn commit(state: &Arc<State>, request: &Request) -> answer::Result {
    answer::json(&prefixed(&make_effective(state, request).await?))
}

/// `POST /tx/commit_and_apply`
pub(crate) async fn commit_and_apply(state: &Arc<State>, request: &Request) -> answer::Result {
    let keys = make_effective(state, request).await?;
    apply_committed(state, &keys).await?;
    answer::json(&prefixed(&keys))
}

/// Applies what is committed already.
pub(crate) async fn apply_committed(state: &Arc<State>, keys: &[Key]) -> Result<(), Failure> {
    applier::start(state, Some(keys)).await.map_err(|e| {
        Failure::internal(format!(
            "the settings are committed, but not applied: {}",
            e.message()
        ))
        .with_hint("apply them again once the settings applier can be reached")
    })
}

async fn make_effective(state: &Arc<State>, request: &Request) -> Result<Vec<Key>, Failure> {
    let transaction = request.parameters()?.transaction()?;
    let who = request.peer.to_string();
    let committed = {
        let transaction = transaction.clone();
        state.with_store(move |store| store.commit(&transaction, &who))
    };
    let keys = committed.await?;
    audit(request, "committed", Some(&transaction), None, &keys);
    Ok(keys)
}

/// Keys as they stand in requests and answers.
pub(crate) fn prefixed(keys: &[Key]) -> Vec<String> {
    keys.iter().map(Key::with_prefix).collect()
}
