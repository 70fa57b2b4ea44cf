//! The description of the API (OpenAPI 3.1), made of the table of operations
//! and of the model.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use settings_model::Model;

use crate::answer;
use crate::operation::{Operation, Parameter, Shape};
use crate::operations;
use crate::state::{State, blocking};

/// `GET /openapi.json`
pub(crate) async fn get(state: &Arc<State>) -> answer::Result {
    let state = Arc::clone(state);
    let text = blocking(move || {
        let describe = || document(state.live().model(), &state.os.version_id).to_string();
        Ok(state.openapi.get_or_init(describe).clone())
    });
    Ok(answer::json_text(text.await?))
}

/// The whole description.
fn document(model: &Model, version: &str) -> Value {
    let mut paths = Map::new();
    for operation in operations::all() {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method.to_ascii_lowercase()] = describe(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Settings API",
            "description": "HTTP/1.1 on the Unix socket /run/api.sock.",
            "version": version,
        },
        "paths": paths,
        "components": {"schemas": schemas(model), "responses": refusals()},
    })
}

fn describe(operation: &Operation) -> Value {
    let in_path = operation.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({
            "name": name,
            "in": "path",
            "required": true,
            "schema": {"type": "integer", "minimum": 0},
        }))
    });
    let in_query = operation.query.iter().map(|parameter: &Parameter| {
        json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.description,
            "required": parameter.required,
            "schema": {"type": "string", "minLength": 1},
        })
    });
    let mut responses = Map::new();
    if !operation.errors.contains(&501) {
        let (code, answer) = match operation.answer {
            Shape::Nothing => ("204", json!({"description": "Done"})),
            Shape::WebSocket => ("101", json!({"description": "What follows is a WebSocket"})),
            shape => (
                "200",
                json!({"description": "The answer", "content": content(shape)}),
            ),
        };
        responses.insert(code.to_owned(), answer);
    }
    for code in operation.errors.iter().chain(&[500]) {
        let refusal = json!({"$ref": format!("#/components/responses/{code}")});
        responses.insert(code.to_string(), refusal);
    }
    let mut described = json!({"summary": operation.summary, "responses": responses});
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(shape) = operation.body {
        described["requestBody"] = json!({"required": true, "content": content(shape)});
    }
    described
}

/// The codes of refusals, and what each means.
const REFUSALS: &[(u16, &str)] = &[
    (400, "The request is wrong"),
    (403, "Only root may ask for this"),
    (404, "There is no such thing"),
    (409, "It is not allowed in this state"),
    (413, "It would become too large"),
    (422, "Nothing is pending"),
    (423, "Another one is not over yet"),
    (429, "There are too many already"),
    (500, "The node could not do it"),
    (501, "This version does not do this"),
];

fn refusals() -> Value {
    let described = REFUSALS.iter().map(|(code, meaning)| {
        let refusal = json!({
            "description": meaning,
            "content": {
                "text/plain": {"schema": {"type": "string"}},
                "application/json": {"schema": reference("Failure")},
            },
        });
        (code.to_string(), refusal)
    });
    Value::Object(described.collect())
}

fn content(shape: Shape) -> Value {
    let schema = match shape {
        Shape::Nothing | Shape::WebSocket => json!(false),
        Shape::Archive => {
            return json!({"application/gzip": {"schema": {"type": "string", "format": "binary"}}});
        }
        Shape::Settings => reference("Settings"),
        Shape::Names => reference("Names"),
        Shape::Described(name) => reference(name),
    };
    json!({"application/json": {"schema": schema}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn or_null(name: &str) -> Value {
    json!({"oneOf": [reference(name), {"type": "null"}]})
}

/// An object without further members, of which some must be there.
fn object(required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn map(values: Value) -> Value {
    json!({"type": "object", "additionalProperties": values})
}

fn schemas(model: &Model) -> Value {
    let text = json!({"type": "string"});
    let optional = json!({"type": ["string", "null"]});
    let whether = json!({"type": "boolean"});
    let number = json!({"type": "integer", "minimum": 0});
    let texts = list(text.clone());
    let stage = json!({"enum": ["starting", "preconfigured", "configured", "multi-user"]});
    json!({
        "Settings": settings(model),
        "Names": texts,
        "NamesByKey": map(texts.clone()),
        "TextByKey": map(text.clone()),
        "Document": {"type": "object"},
        "Failure": object(&["error"], json!({"error": text, "hint": text})),
        "Assignments": object(&["request_payload"], json!({"request_payload": texts})),
        "Stage": object(&["stage"], json!({"stage": stage})),
        "Problem": object(&["source", "message"], json!({
            "source": {"type": "string", "minLength": 1, "maxLength": 64},
            "message": {"type": "string", "minLength": 1, "maxLength": 4096},
        })),
        "Os": object(&[], json!({
            "arch": text,
            "build_id": text,
            "pretty_name": text,
            "variant_id": text,
            "version_id": text,
        })),
        "Services": map(object(&["configuration-files", "restart-commands"], json!({
            "configuration-files": texts,
            "restart-commands": texts,
        }))),
        "ConfigurationFiles": map(object(&["path", "template-path"], json!({
            "path": text,
            "template-path": text,
            "base": text,
            "mode": text,
        }))),
        "Generators": map(json!({"type": ["string", "object"]})),
        "Overview": object(&[], json!({
            "settings": reference("Settings"),
            "services": reference("Services"),
            "configuration-files": reference("ConfigurationFiles"),
            "os": reference("Os"),
        })),
        "Changes": list(object(&["key", "before", "after", "layer"], json!({
            "key": text,
            "before": true,
            "after": true,
            "layer": optional,
        }))),
        "Outlook": object(&["changes", "files", "services"], json!({
            "changes": reference("Changes"),
            "files": list(object(&["name", "path", "changed"], json!({
                "name": text,
                "path": text,
                "changed": whether,
                "diff": text,
                "error": text,
            }))),
            "services": list(object(&["name", "restart-commands"], json!({
                "name": text,
                "restart-commands": texts,
            }))),
        })),
        "History": list(object(&["number", "keys", "current"], json!({
            "number": number,
            "time": text,
            "transaction": text,
            "who": text,
            "keys": texts,
            "current": whether,
            "damaged": text,
        }))),
        "System": object(&["arch", "version", "variant"], json!({
            "arch": text,
            "version": text,
            "variant": text,
        })),
        "Installed": object(&["image", "next_to_boot"], json!({
            "image": reference("System"),
            "next_to_boot": whether,
        })),
        "Slot": object(&["slot", "state", "version", "activation", "booted", "primary"], json!({
            "slot": {"enum": ["a", "b"]},
            "state": {"enum": ["empty", "good", "tried", "bad"]},
            "left": number,
            "done": number,
            "version": optional,
            "activation": {"type": ["integer", "null"]},
            "booted": whether,
            "primary": whether,
        })),
        "UpdateStatus": object(
            &["update_state", "available_updates", "chosen_update", "active_partition",
              "staging_partition", "most_recent_command"],
            json!({
                "update_state": {"enum": ["Idle", "Available", "Staged", "Ready"]},
                "available_updates": texts,
                "chosen_update": or_null("System"),
                "no_update_reason": text,
                "active_partition": or_null("Installed"),
                "staging_partition": or_null("Installed"),
                "slots": list(reference("Slot")),
                "most_recent_command": object(
                    &["cmd_type", "cmd_status", "timestamp", "exit_status", "stderr"],
                    json!({
                        "cmd_type": text,
                        "cmd_status": {"enum": ["Success", "Failed"]},
                        "timestamp": text,
                        "exit_status": {"type": "integer"},
                        "stderr": text,
                    }),
                ),
            }),
        ),
        "Reports": {
            "type": "array",
            "items": object(&["name", "description"], json!({"name": text, "description": text})),
        },
        "UpdateProgress": object(&["running"], json!({
            "running": whether,
            "download": object(&["version", "done", "total"], json!({
                "version": text,
                "done": number,
                "total": number,
            })),
        })),
        "Status": {
            "type": "object",
            "properties": {
                "degraded": whether,
                "reasons": texts,
                "generation": number,
                "last-apply": {"type": ["object", "null"]},
                "stage": stage,
                "variant": text,
                "version": text,
            },
            "required": ["degraded", "reasons", "generation", "stage", "variant", "version"],
        },
    })
}

/// The model's schema, whose own references start at its root, which is
/// another one here.
fn settings(model: &Model) -> Value {
    let mut schema = model.schema();
    repoint(&mut schema);
    schema
}

fn repoint(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => {
                        let below = target.strip_prefix('#').unwrap_or(target);
                        *target = format!("#/components/schemas/Settings{below}");
                    }
                    member => repoint(member),
                }
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(repoint),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(document: &Value, found: &mut BTreeSet<String>) {
        match document {
            Value::Object(members) => {
                for (name, member) in members {
                    match member {
                        Value::String(target) if name == "$ref" => {
                            found.insert(target.clone());
                        }
                        member => references(member, found),
                    }
                }
            }
            Value::Array(entries) => entries.iter().for_each(|e| references(e, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let document = document(&Model::complete(), "1.0.0");
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for target in &found {
            let place = target.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{target}");
        }
        for name in document["components"]["schemas"]
            .as_object()
            .unwrap()
            .keys()
        {
            let target = format!("#/components/schemas/{name}");
            assert!(found.contains(&target), "{name}");
        }
    }

    #[test]
    fn the_description_is_as_it_was() {
        let model = Model::of(&["motd"]).unwrap();
        let text = format!("{:#}\n", document(&model, "1.0.0"));
        insta::assert_snapshot!(text);
    }
}
