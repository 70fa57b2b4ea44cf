//! The schema: that it says something about everything, and only what JSON
//! Schema knows.

use serde_json::{Value, json};
use settings_model::Model;

/// Calls a function with every schema inside a schema, and its place.
fn walk(schema: &Value, place: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(place, schema);
    for word in ["properties", "patternProperties", "$defs", "definitions"] {
        for (name, inner) in schema[word].as_object().into_iter().flatten() {
            walk(inner, &format!("{place}/{word}/{name}"), visit);
        }
    }
    for word in ["items", "additionalProperties", "additionalItems"] {
        match &schema[word] {
            inner @ Value::Object(_) => walk(inner, &format!("{place}/{word}"), visit),
            Value::Array(list) => list.iter().for_each(|inner| walk(inner, place, visit)),
            _ => {}
        }
    }
    for word in ["anyOf", "oneOf", "allOf", "prefixItems"] {
        for inner in schema[word].as_array().into_iter().flatten() {
            walk(inner, &format!("{place}/{word}"), visit);
        }
    }
}

#[test]
fn everything_is_described() {
    let schema = Model::complete().schema();
    let mut undescribed = Vec::new();
    walk(&schema, "", &mut |place, schema| {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if member["description"].as_str().is_none_or(str::is_empty) {
                undescribed.push(format!("{place}: {name}"));
            }
        }
    });
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        if definition["description"].as_str().is_none_or(str::is_empty) {
            undescribed.push(name.clone());
        }
        for word in definition["oneOf"].as_array().into_iter().flatten() {
            if word["description"].as_str().is_none_or(str::is_empty) {
                undescribed.push(format!("{name}: {word}"));
            }
        }
    }
    assert!(undescribed.is_empty(), "{undescribed:#?}");
}

#[test]
fn groups_are_closed_and_nothing_may_be_null() {
    for schema in [
        Model::complete().schema(),
        Model::complete().schema_draft4(),
    ] {
        walk(&schema, "", &mut |place, schema| {
            assert_ne!(schema["type"], "null", "{place}");
            assert!(!schema["type"].is_array(), "{place}");
            if schema["type"] == "object" {
                assert!(
                    schema.get("additionalProperties").is_some(),
                    "{place}: {schema}"
                );
            }
        });
    }
}

#[test]
fn references_lead_somewhere_and_nothing_is_left_over() {
    for (schema, definitions) in [
        (
            Model::of(&["motd", "kubernetes"]).unwrap().schema(),
            "$defs",
        ),
        (
            Model::of(&["motd", "kubernetes"]).unwrap().schema_draft4(),
            "definitions",
        ),
    ] {
        let mut used = std::collections::BTreeSet::new();
        walk(&schema, "", &mut |_, inner| {
            if let Some(target) = inner["$ref"].as_str() {
                assert!(schema.pointer(&target[1..]).is_some(), "{target}");
                used.insert(target.rsplit('/').next().unwrap().to_owned());
            }
        });
        let all: std::collections::BTreeSet<String> = schema[definitions]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        assert_eq!(used, all);
        assert!(!all.contains("Ecs"));
    }
}

#[test]
fn a_variant_has_a_schema_of_its_groups() {
    let schema = Model::of(&["network"]).unwrap().schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"],
        json!({"network": {
            "$ref": "#/$defs/Network",
            "description": "The node's identity on the network, and its way out.",
        }})
    );
    assert_eq!(
        schema["$defs"]["Hostname"],
        json!({
            "title": "hostname",
            "description": "A host name: 1 to 253 characters of `0-9a-z.-`, in labels of 1 to 63 characters, not starting with `-` or `.`.",
            "type": "string",
            "pattern": "^[0-9a-z][0-9a-z-]{0,62}(\\.[0-9a-z-]{1,63})*$",
            "maxLength": 253,
        })
    );
}

#[test]
fn draft_4_has_the_same_to_say_in_its_own_words() {
    let schema = Model::of(&["network", "kernel"]).unwrap().schema_draft4();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-04/schema#");
    assert_eq!(
        schema["properties"]["kernel"],
        json!({
            "allOf": [{"$ref": "#/definitions/Kernel"}],
            "description": "What the running kernel is told.",
        })
    );
    let pair = &schema["definitions"]["Network"]["properties"]["hosts"]["items"];
    assert_eq!(pair["items"][0], json!({"$ref": "#/definitions/IpAddress"}));
    assert_eq!(pair["additionalItems"], false);
    assert_eq!(
        schema["definitions"]["Lockdown"]["oneOf"][0]["enum"],
        json!(["none"])
    );
    let text = schema.to_string();
    for word in [
        "\"const\"",
        "\"$defs\"",
        "\"prefixItems\"",
        "\"x-",
        "\"deprecated\"",
    ] {
        assert!(!text.contains(word), "{word}");
    }
}
