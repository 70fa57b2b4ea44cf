//! Reading settings, and staging changes to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use settings_model::{Key, Kind, key, tree};
use settings_store::{Layer, Snapshot, TransactionName};

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::{Parameters, Request};
use crate::state::State;
use crate::transactions::prefixed;

/// `GET /settings`
pub(crate) fn get(state: &State, request: &Request) -> answer::Result {
    let parameters = request.parameters()?;
    let live = state.live();
    let keys = parameters.keys()?;
    let prefix = parameters.get("prefix")?;
    let prefix = prefix.map(|prefix| prefix.strip_prefix(key::PREFIX).unwrap_or(prefix));
    if parameters.flag("provenance", false)? {
        return provenance(&live, keys.as_deref(), prefix);
    }
    let settings = live.effective();
    if let Some(keys) = keys {
        let mut part = Value::Object(Map::new());
        for key in keys {
            if let Some(value) = tree::get(&settings, &key) {
                tree::set(&mut part, &key, value.clone());
            }
        }
        return answer::json(&part);
    }
    if let Some(prefix) = prefix {
        let part = tree::with_prefix(&settings, prefix);
        return answer::json(&part.map_err(|e| Failure::internal(e.to_string()))?);
    }
    Ok(answer::json_text(live.text().to_owned()))
}

/// The same part of the settings, key by key, with where each value is from.
fn provenance(live: &Snapshot, keys: Option<&[Key]>, prefix: Option<&str>) -> answer::Result {
    let wanted = |key: &Key| match (keys, prefix) {
        (Some(keys), _) => keys
            .iter()
            .any(|wanted| key.segments().starts_with(wanted.segments())),
        (None, Some(prefix)) => key.to_string().starts_with(prefix),
        (None, None) => true,
    };
    let all = live.provenance()?;
    let part = all.into_iter().filter(|(key, _)| wanted(key));
    let named = part.map(|(key, provenance)| (key.with_prefix(), provenance));
    answer::json(&named.collect::<BTreeMap<_, _>>())
}

/// `DELETE /settings`
pub(crate) async fn unset(state: &Arc<State>, request: &Request) -> answer::Result {
    let parameters = request.parameters()?;
    let transaction = parameters.transaction()?;
    let keys = parameters.some_keys()?;
    let staged = {
        let transaction = transaction.clone();
        state.with_store(move |store| store.stage_unset(&transaction, &keys))
    };
    let keys = staged.await?;
    if !keys.is_empty() {
        audit(
            request,
            "staged to be unset",
            Some(&transaction),
            None,
            &keys,
        );
    }
    answer::json(&prefixed(&keys))
}

/// The body of `PATCH /settings/keypair`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Assignments {
    request_payload: Vec<String>,
}

/// `PATCH /settings/keypair`
pub(crate) async fn patch_pairs(state: &Arc<State>, request: &Request) -> answer::Result {
    let target = target(request)?;
    let body = Assignments::deserialize(request.json()?)
        .map_err(|e| Failure::bad_request(e.to_string()))?;
    let mut changes = Value::Object(Map::new());
    for pair in &body.request_payload {
        let (key, text) = pair.split_once('=').ok_or_else(|| {
            Failure::bad_request(format!("`{}` is not KEY=VALUE", pair.escape_debug()))
        })?;
        let key = Key::parse_prefixed(key).map_err(|e| Failure::bad_request(e.to_string()))?;
        let value = value_of(text, state.live().model().kind(&key));
        tree::set(&mut changes, &key, value);
    }
    stage(state, request, target, changes).await
}

/// What a text without quotes means: text where the setting is one, else the
/// first of a truth value, a number and text that it can be.
fn value_of(text: &str, kind: Option<Kind>) -> Value {
    let guess = match kind {
        Some(Kind::Text) => None,
        _ => serde_json::from_str(text)
            .ok()
            .filter(|value: &Value| value.is_boolean() || value.is_number()),
    };
    guess.unwrap_or_else(|| text.into())
}

/// `PATCH /settings`
pub(crate) async fn patch(state: &Arc<State>, request: &Request) -> answer::Result {
    let target = target(request)?;
    stage(state, request, target, request.json()?).await
}

/// Which transaction and layer a request changes, if it may.
fn target(request: &Request) -> Result<(TransactionName, Layer), Failure> {
    let parameters = request.parameters()?;
    let transaction = parameters.transaction()?;
    let layer = layer(&parameters)?;
    if layer != Layer::Api {
        request.require_root(&format!("the layer `{}`", layer.name()))?;
    }
    Ok((transaction, layer))
}

async fn stage(
    state: &Arc<State>,
    request: &Request,
    (transaction, layer): (TransactionName, Layer),
    changes: Value,
) -> answer::Result {
    let who = request.peer.to_string();
    let staged = {
        let transaction = transaction.clone();
        state.with_store(move |store| store.stage(&transaction, layer, &changes, &who))
    };
    let keys = staged.await?;
    if !keys.is_empty() {
        audit(request, "staged", Some(&transaction), Some(layer), &keys);
    }
    answer::done()
}

fn layer(parameters: &Parameters) -> Result<Layer, Failure> {
    let Some(name) = parameters.get("layer")? else {
        return Ok(Layer::Api);
    };
    Layer::from_name(name).ok_or_else(|| {
        let name = name.escape_debug();
        Failure::new(
            StatusCode::BAD_REQUEST,
            format!("there is no layer `{name}`"),
        )
        .with_hint("the layers are `generated`, `user-data` and `api`")
    })
}
