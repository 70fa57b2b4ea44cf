//! Small questions about values.

use minijinja::value::Value;
use minijinja::{Environment, Error};

use super::refuse;

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("any_enabled", any_enabled);
    environment.add_filter("join_map", join_map);
    environment.add_filter("negate_or", negate_or);
    environment.add_function("goarch", goarch);
}

/// Whether one of the members of a map, or of the entries of a list, has
/// `enabled` set to true.
fn any_enabled(items: Value) -> Result<bool, Error> {
    for item in items.try_iter()? {
        let member = match items.kind() {
            minijinja::value::ValueKind::Map => items.get_item(&item)?,
            _ => item,
        };
        if member.get_attr("enabled")?.is_true() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The members of a map, each as key, `inside` and value, with `between`
/// between them.
fn join_map(map: Value, between: &str, inside: &str) -> Result<String, Error> {
    let mut members = Vec::new();
    for key in map.try_iter()? {
        let value = map.get_item(&key)?;
        let member = format!("{key}{inside}{value}");
        if member.chars().any(char::is_control) {
            return refuse("the value holds a control character");
        }
        members.push(member);
    }
    Ok(members.join(between))
}

/// The opposite of a truth value, or another value where there is none.
fn negate_or(value: Value, other: bool) -> Result<bool, Error> {
    if value.is_undefined() || value.is_none() {
        return Ok(other);
    }
    bool::try_from(value).map_or_else(
        |_| refuse("the value is neither true nor false"),
        |v| Ok(!v),
    )
}

/// The architecture as Go calls it.
fn goarch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn questions_are_answered() {
        let settings = json!({
            "some": {"a": {"enabled": false}, "b": {"enabled": true}},
            "none": {"a": {"enabled": false}, "b": {}},
            "list": [{"enabled": true}],
            "labels": {"a": "1", "b/c": ""},
            "bad": {"a": "1\n2"},
            "yes": true,
        });
        let go = if cfg!(target_arch = "x86_64") {
            "amd64"
        } else {
            "arm64"
        };
        table(
            &settings,
            &[
                ("settings.some | any_enabled", Ok("True")),
                ("settings.none | any_enabled", Ok("False")),
                ("settings.list | any_enabled", Ok("True")),
                ("settings.labels | join_map(',', '=')", Ok("a=1,b/c=")),
                (
                    "settings.bad | join_map(',', '=')",
                    Err("invalid operation: the value holds a control character"),
                ),
                ("settings.yes | negate_or(true)", Ok("False")),
                ("settings.unset | negate_or(true)", Ok("True")),
                (
                    "settings.labels | negate_or(true)",
                    Err("invalid operation: the value is neither true nor false"),
                ),
                ("goarch()", Ok(go)),
            ],
        );
    }
}
