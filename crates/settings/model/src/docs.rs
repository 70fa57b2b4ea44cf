//! What there is to know about each key, read from the schema.

use serde::Serialize;
use serde_json::Value;

use crate::key::write_segment;
use crate::schema::resolve;

/// What sort of value a key takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A string, also one of a few words.
    Text,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list whose entries are of one kind.
    List(Box<Kind>),
    /// Keys that the model names.
    Group,
    /// Keys that the user names, whose values are of one kind.
    Map(Box<Kind>),
}

/// A key, for the reference of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyDoc {
    /// The key without `settings.`; names that the user chooses stand between
    /// angle brackets.
    pub key: String,
    /// The type in words, such as `list of URL`.
    pub kind: String,
    /// What it does: one or more paragraphs of Markdown.
    pub description: String,
}

/// The kind of value that lies at a path.
pub(crate) fn kind(root: &Value, path: &[String]) -> Option<Kind> {
    let place = path
        .iter()
        .try_fold(resolve(root, root), |place, name| member(root, place, name))?;
    Some(kind_of(root, place))
}

fn member<'a>(root: &'a Value, group: &'a Value, name: &str) -> Option<&'a Value> {
    let found = group["properties"]
        .get(name)
        .or_else(|| values_of_map(group))
        .map(|schema| resolve(root, schema));
    // A map that may also be written as something else.
    found.or_else(|| {
        group["anyOf"]
            .as_array()?
            .iter()
            .find_map(|choice| member(root, resolve(root, choice), name))
    })
}

fn values_of_map(schema: &Value) -> Option<&Value> {
    match &schema["additionalProperties"] {
        values @ Value::Object(_) => Some(values),
        _ => schema["patternProperties"].as_object()?.values().next(),
    }
}

fn kind_of(root: &Value, schema: &Value) -> Kind {
    let schema = resolve(root, schema);
    // Of two forms, the first is the one that is stored.
    let form = schema["anyOf"].get(0).unwrap_or(schema);
    let form = resolve(root, form);
    match form["type"].as_str() {
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Boolean,
        Some("array") => {
            let entry = form["prefixItems"].get(0).unwrap_or(&form["items"]);
            Kind::List(Box::new(kind_of(root, entry)))
        }
        Some("object") => match values_of_map(form) {
            Some(values) => Kind::Map(Box::new(kind_of(root, values))),
            None => Kind::Group,
        },
        _ => Kind::Text,
    }
}

/// Every key that holds a value.
pub(crate) fn keys(root: &Value) -> Vec<KeyDoc> {
    let mut found = Vec::new();
    walk(root, root, "", None, &mut found);
    found
}

/// `above` is what is said about a map, for values of which nothing more is
/// said.
fn walk(root: &Value, field: &Value, path: &str, above: Option<&str>, found: &mut Vec<KeyDoc>) {
    let schema = resolve(root, field);
    let members = schema["properties"].as_object();
    let values = values_of_map(schema);
    for (name, member) in members.into_iter().flatten() {
        if member["deprecated"] == true {
            continue;
        }
        let mut inner = path.to_owned();
        if !inner.is_empty() {
            inner.push('.');
        }
        write_segment(&mut inner, name);
        walk(root, member, &inner, None, found);
    }
    if let Some(values) = values {
        let name = field["x-name"].as_str().or(schema["x-name"].as_str());
        let inner = format!("{path}.<{}>", name.unwrap_or("name"));
        walk(root, values, &inner, field["description"].as_str(), found);
    }
    if members.is_none() && values.is_none() {
        let said = field["description"].as_str().or(above);
        found.push(KeyDoc {
            key: path.to_owned(),
            kind: words(root, field),
            description: said
                .or(schema["description"].as_str())
                .unwrap_or_default()
                .to_owned(),
        });
    }
}

/// A type in words: its title if it has one, else what JSON calls it.
fn words(root: &Value, field: &Value) -> String {
    let schema = resolve(root, field);
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    if let Some(forms) = schema["anyOf"].as_array() {
        let forms: Vec<String> = forms.iter().map(|form| words(root, form)).collect();
        return forms.join(" or ");
    }
    if let Some(choices) = choices(schema) {
        return choices.join(" or ");
    }
    match schema["type"].as_str() {
        Some("array") => {
            if let Some([first, second]) = schema["prefixItems"].as_array().map(Vec::as_slice) {
                return format!("pair of {} and {}", words(root, first), words(root, second));
            }
            let entry = words(root, &schema["items"]);
            if entry.contains(" or ") {
                format!("list of ({entry})")
            } else {
                format!("list of {entry}")
            }
        }
        Some("integer") => match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
            (Some(least), Some(most)) => format!("integer from {least} to {most}"),
            (Some(least), None) => format!("integer, at least {least}"),
            _ => "integer".to_owned(),
        },
        Some("object") => match values_of_map(schema) {
            Some(values) => format!("map to {}", words(root, values)),
            None => "group".to_owned(),
        },
        Some(name) => name.to_owned(),
        None => "any value".to_owned(),
    }
}

/// The words that a setting takes, as code.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let quoted = |value: &Value| match value.as_str()? {
        "" => Some("`\"\"`".to_owned()),
        word => Some(format!("`{word}`")),
    };
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(quoted).collect();
    }
    schema["oneOf"]
        .as_array()?
        .iter()
        .map(|choice| {
            quoted(&choice["const"])
                .map(|word| vec![word])
                .or_else(|| choices(choice))
        })
        .collect::<Option<Vec<_>>>()
        .map(|words| words.concat())
}
