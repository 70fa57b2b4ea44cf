//! Reading settings, and staging changes to them.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Map, Value};
use settings_model::{key, tree};
use settings_store::Layer;

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::{Parameters, Request};
use crate::state::State;

/// `GET /settings`
pub(crate) fn get(state: &State, request: &Request) -> answer::Result {
    let parameters = request.parameters()?;
    let settings = state.live().settings;
    if let Some(keys) = parameters.keys()? {
        let mut part = Value::Object(Map::new());
        for key in keys {
            if let Some(value) = tree::get(&settings, &key) {
                tree::set(&mut part, &key, value.clone());
            }
        }
        return answer::json(&part);
    }
    if let Some(prefix) = parameters.get("prefix")? {
        let prefix = prefix.strip_prefix(key::PREFIX).unwrap_or(prefix);
        let part = tree::with_prefix(&settings, prefix);
        return answer::json(&part.map_err(|e| Failure::internal(e.to_string()))?);
    }
    answer::json(&*settings)
}

/// `PATCH /settings`
pub(crate) async fn patch(state: &Arc<State>, request: &Request) -> answer::Result {
    let parameters = request.parameters()?;
    let transaction = parameters.transaction()?;
    let layer = layer(&parameters)?;
    if layer != Layer::Api {
        request.require_root(&format!("the layer `{}`", layer.name()))?;
    }
    let changes = request.json()?;
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
