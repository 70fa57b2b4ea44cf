//! Values in other formats. What is encoded here cannot be more than a value.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error};

use super::refuse;

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("json", json);
    environment.add_filter("json_line", json_line);
    environment.add_filter("toml", toml);
    environment.add_filter("base64_decode", base64_decode);
}

/// JSON, indented. Members whose value is not set are left out, and so are
/// objects that have none: a template writes down all that may be there.
fn json(value: Value) -> Result<String, Error> {
    let Some(value) = set(&value)? else {
        return Ok("{}".to_owned());
    };
    serde_json::to_string_pretty(&value).or_else(|_| refuse("the value cannot be JSON"))
}

/// The same on one line.
fn json_line(value: Value) -> Result<String, Error> {
    let value = set(&value)?;
    Ok(value.map_or_else(|| "{}".to_owned(), |value| value.to_string()))
}

/// An object as a TOML document, with the same left out; any other value as it
/// stands behind `key =`.
fn toml(value: Value) -> Result<String, Error> {
    let Some(value) = set(&value)? else {
        return Ok(String::new());
    };
    let text = match value.is_object() {
        true => toml::to_string(&value).map_err(drop),
        false => toml::Value::try_from(value)
            .map_err(drop)
            .map(|v| v.to_string()),
    };
    text.or_else(|()| refuse("the value cannot be TOML"))
}

/// What there is of a value.
fn set(value: &Value) -> Result<Option<serde_json::Value>, Error> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Ok(None),
        ValueKind::Map => {
            let mut members = serde_json::Map::new();
            for key in value.try_iter()? {
                if let Some(member) = set(&value.get_item(&key)?)? {
                    members.insert(key.to_string(), member);
                }
            }
            Ok((!members.is_empty()).then(|| members.into()))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            let entries = value.try_iter()?.map(|entry| set(&entry));
            let entries: Vec<_> = entries
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?;
            Ok(Some(entries.into()))
        }
        _ => match serde_json::to_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(_) => refuse("the value is neither text nor number nor list nor map"),
        },
    }
}

/// The text that base64 text stands for.
fn base64_decode(text: &str) -> Result<String, Error> {
    let bytes = STANDARD.decode(text.trim_ascii());
    let decoded = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.map_or_else(|| refuse("the value is not base64 of text"), Ok)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn values_are_encoded() {
        let settings = json!({
            "text": "a\"b\n= {{ x }}",
            "list": [1, "a"],
            "map": {"b": true, "a": {"c": 1.5}},
            "encoded": "aGk=",
            "secret": "hush",
        });
        table(
            &settings,
            &[
                ("settings.text | json", Ok(r#""a\"b\n= {{ x }}""#)),
                (
                    "{'a': settings.none, 'b': {'c': settings.none}} | json",
                    Ok("{}"),
                ),
                (
                    "{'b': settings.list, 'a': settings.none} | json",
                    Ok("{\n  \"b\": [\n    1,\n    \"a\"\n  ]\n}"),
                ),
                ("[settings.none, 1] | json", Ok("[\n  1\n]")),
                ("settings.text | toml", Ok("\"\"\"\na\"b\n= {{ x }}\"\"\"")),
                ("settings.list | toml", Ok("[1, \"a\"]")),
                ("settings.map | toml", Ok("b = true\n\n[a]\nc = 1.5\n")),
                ("{'a': settings.none} | toml", Ok("")),
                ("settings.encoded | base64_decode", Ok("hi")),
                (
                    "settings.secret ~ '!' | base64_decode",
                    Err("invalid operation: the value is not base64 of text"),
                ),
            ],
        );
    }
}
