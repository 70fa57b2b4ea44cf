//! Everything at one look.

use serde_json::Value;
use settings_model::tree;

use crate::answer::{self, Failure};
use crate::request::Request;
use crate::state::State;

/// `GET /`
pub(crate) fn get(state: &State, request: &Request) -> answer::Result {
    let live = state.live();
    // The two halves are JSON already; together they are one object.
    let whole = format!("{{\"settings\":{},{}", live.text(), &state.rest[1..]);
    let Some(prefix) = request.parameters()?.get("prefix")?.map(str::to_owned) else {
        return Ok(answer::json_text(whole));
    };
    let failed = |e: &dyn std::error::Error| Failure::internal(e.to_string());
    let whole: Value = serde_json::from_str(&whole).map_err(|e| failed(&e))?;
    answer::json(&tree::with_prefix(&whole, &prefix).map_err(|e| failed(&e))?)
}
