//! Transactions: looking at them, dropping them, making them effective.

use std::sync::Arc;

use settings_model::Key;

use crate::answer::{self, Failure};
use crate::request::Request;
use crate::state::State;
use crate::{applier, audit::audit};

/// `GET /tx`
pub(crate) async fn get(state: &Arc<State>, request: &Request) -> answer::Result {
    let transaction = request.parameters()?.transaction()?;
    let pending = state.with_store(move |store| Ok(store.pending(&transaction)));
    answer::json(&pending.await?)
}

/// `GET /tx/list`
pub(crate) async fn list(state: &Arc<State>) -> answer::Result {
    let names =
        state.with_store(|store| Ok(store.transactions().map(ToString::to_string).collect()));
    let names: Vec<String> = names.await?;
    answer::json(&names)
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
    applier::start(state, Some(&keys)).await.map_err(|e| {
        Failure::internal(format!(
            "the settings are committed, but not applied: {}",
            e.message()
        ))
        .with_hint("apply them again once the settings applier can be reached")
    })?;
    answer::json(&prefixed(&keys))
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
