//! Everything at one look.

use serde_json::json;
use settings_model::tree;

use crate::answer::{self, Failure};
use crate::request::Request;
use crate::state::State;

/// `GET /`
pub(crate) fn get(state: &State, request: &Request) -> answer::Result {
    let whole = json!({ "settings": *state.live().settings, "os": state.os });
    match request.parameters()?.get("prefix")? {
        None => answer::json(&whole),
        Some(prefix) => {
            let part = tree::with_prefix(&whole, prefix);
            answer::json(&part.map_err(|e| Failure::internal(e.to_string()))?)
        }
    }
}
