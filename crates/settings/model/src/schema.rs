//! The model as JSON Schema.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform, transform_subschemas};
use serde_json::{Map, Value, json};

use crate::Settings;

/// The schema (draft 2020-12) of some groups of the settings.
pub(crate) fn of(groups: &[&str]) -> Value {
    let mut whole = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(flow))
        .with_transform(RecursiveTransform(add_aliases))
        .with_transform(WithoutNull)
        .into_generator()
        .into_root_schema_for::<Settings>()
        .to_value();
    if let Some(properties) = whole["properties"].as_object_mut() {
        properties.retain(|name, _| groups.contains(&name.as_str()));
    }
    drop_unused_definitions(&mut whole);
    whole
}

/// Undoes the line breaks of the source in descriptions; an empty line still
/// ends a paragraph.
fn flow(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = text
            .split("\n\n")
            .map(|text| text.replace('\n', " "))
            .collect();
        *text = paragraphs.join("\n\n");
    }
}

/// Gives a setting with `x-alias` a second entry under that name, which is
/// marked as not for new files.
fn add_aliases(schema: &mut Schema) {
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    let mut added = Vec::new();
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        if let Some(Value::String(alias)) = property.remove("x-alias") {
            let mut second = property.clone();
            second.insert("deprecated".to_owned(), true.into());
            added.push((alias, second.into()));
        }
    }
    properties.extend(added);
}

/// Every setting may be absent, and `null` says no more than that; TOML has no
/// word for it.
#[derive(Debug, Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = &types[..] {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        let Some(Value::Array(choices)) = schema.get_mut("anyOf") else {
            return;
        };
        choices.retain(|choice| choice != &json!({"type": "null"}));
        if let [Value::Object(only)] = &choices[..] {
            let only = only.clone();
            schema.remove("anyOf");
            // What is said about the field goes before what is said about its
            // type.
            for (word, value) in only {
                if schema.get(&word).is_none() {
                    schema.insert(word, value);
                }
            }
        }
    }
}

fn drop_unused_definitions(root: &mut Value) {
    let Some(Value::Object(mut definitions)) = root.as_object_mut().and_then(|r| r.remove("$defs"))
    else {
        return;
    };
    let mut used = Map::new();
    let mut wanted = references(root);
    while let Some(name) = wanted.pop() {
        if let Some(definition) = definitions.remove(&name) {
            wanted.extend(references(&definition));
            used.insert(name, definition);
        }
    }
    root["$defs"] = used.into();
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(words) => words
            .iter()
            .flat_map(|(word, value)| match value.as_str() {
                Some(target) if word == "$ref" => definition_name(target).into_iter().collect(),
                _ => references(value),
            })
            .collect(),
        Value::Array(values) => values.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn definition_name(reference: &str) -> Option<String> {
    Some(reference.strip_prefix("#/$defs/")?.to_owned())
}

/// What a `$ref` at this place stands for; any other schema stands for itself.
pub(crate) fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    schema["$ref"]
        .as_str()
        .and_then(|target| root.pointer(target.strip_prefix('#')?))
        .unwrap_or(schema)
}

/// Translates a schema of ours from draft 2020-12 to draft 4.
///
/// Draft 4 ignores whatever stands beside a `$ref`, has no `const`, no
/// `prefixItems` and no `deprecated`, and calls `$defs` `definitions`.
pub(crate) fn draft4(schema: &Value) -> Value {
    let mut old = translate(schema);
    old["$schema"] = "http://json-schema.org/draft-04/schema#".into();
    old
}

fn translate(schema: &Value) -> Value {
    let Value::Object(words) = schema else {
        return match schema {
            Value::Array(values) => values.iter().map(translate).collect(),
            other => other.clone(),
        };
    };
    let mut old = Map::new();
    for (word, value) in words {
        match word.as_str() {
            "$defs" => old.insert("definitions".to_owned(), translate_each(value)),
            "properties" | "patternProperties" => old.insert(word.clone(), translate_each(value)),
            "const" => old.insert("enum".to_owned(), json!([value])),
            "deprecated" | "x-name" => None,
            "$ref" => old.insert(
                word.clone(),
                value
                    .as_str()
                    .map(|target| target.replacen("$defs", "definitions", 1))
                    .into(),
            ),
            "prefixItems" => {
                let rest = words.get("items").map_or(Value::Bool(false), translate);
                old.insert("additionalItems".to_owned(), rest);
                old.insert("items".to_owned(), translate(value))
            }
            // Draft 4 says the same by `additionalItems`.
            "items" if words.contains_key("prefixItems") => None,
            _ => old.insert(word.clone(), translate(value)),
        };
    }
    if old.len() > 1
        && let Some(target) = old.remove("$ref")
    {
        old.insert("allOf".to_owned(), json!([{"$ref": target}]));
    }
    old.into()
}

/// Translates the schemas of an object whose names are not words of JSON
/// Schema.
fn translate_each(schemas: &Value) -> Value {
    let named = schemas.as_object().into_iter().flatten();
    Value::Object(
        named
            .map(|(name, schema)| (name.clone(), translate(schema)))
            .collect(),
    )
}
