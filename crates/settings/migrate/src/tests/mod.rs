//! Migrations as a whole: what each kind of step does, and that every way back
//! leads to where it started.

mod kinds;
mod properties;

use serde_json::{Value, json};

/// A payload with one layer, `api`, whose entries have these values.
fn payload(values: Value) -> Value {
    let entries: serde_json::Map<String, Value> = values
        .as_object()
        .expect("values by their keys")
        .iter()
        .map(|(key, value)| (key.clone(), entry(value)))
        .collect();
    json!({
        "format": 1, "number": 7, "time": "2026-01-01T00:00:00Z", "transaction": "t",
        "who": "w", "consumed": "c", "layers": {"api": entries},
    })
}

fn entry(value: &Value) -> Value {
    json!({"value": value, "time": "2026-01-01T00:00:00Z", "transaction": "t", "who": "w"})
}

/// The values of the layer `api` by their keys.
fn values(payload: &Value) -> Value {
    let Some(entries) = payload["layers"]["api"].as_object() else {
        return json!({});
    };
    entries
        .iter()
        .map(|(key, entry)| (key.clone(), entry["value"].clone()))
        .collect()
}
