//! The fragments under `conf/settings/defaults`, merged into one tree.

use serde_json::{Map, Value};

#[derive(rust_embed::RustEmbed)]
#[folder = "../../../conf/settings/defaults/"]
struct Embedded;

/// Why fragments do not form one tree.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A fragment is not TOML.
    #[error("{fragment}: {source}")]
    Syntax {
        /// File name of the fragment.
        fragment: String,
        /// What the parser says, with line and column.
        source: toml::de::Error,
    },
    /// Two fragments say something about one key.
    #[error("{fragment}: `{key}` is already declared in an earlier fragment")]
    Duplicate {
        /// File name of the later fragment.
        fragment: String,
        /// Dotted path of the key.
        key: String,
    },
}

/// All embedded fragments as one tree.
pub fn embedded() -> Value {
    // The iterator's order depends on the profile; name order is the promise.
    let mut names: Vec<_> = Embedded::iter().collect();
    names.sort();
    let fragments = names.iter().filter_map(|name| {
        let file = Embedded::get(name)?;
        Some((
            name.to_string(),
            String::from_utf8_lossy(&file.data).into_owned(),
        ))
    });
    merge(fragments).expect("the embedded fragments merge: a unit test checks them")
}

/// Merges fragments, given as (name, text), in the order given.
pub fn merge(fragments: impl Iterator<Item = (String, String)>) -> Result<Value, Error> {
    let mut merged = Map::new();
    for (fragment, text) in fragments {
        let declared =
            toml::from_str::<Map<String, Value>>(&text).map_err(|source| Error::Syntax {
                fragment: fragment.clone(),
                source,
            })?;
        merge_tables(&mut merged, declared, "")
            .map_err(|key| Error::Duplicate { fragment, key })?;
    }
    Ok(Value::Object(merged))
}

/// Moves `from` into `into`; a key that both declare is the error.
fn merge_tables(
    into: &mut Map<String, Value>,
    from: Map<String, Value>,
    prefix: &str,
) -> Result<(), String> {
    for (name, value) in from {
        let key = match prefix {
            "" => name.clone(),
            _ => format!("{prefix}.{name}"),
        };
        match (into.get_mut(&name), value) {
            (None, value) => {
                into.insert(name, value);
            }
            (Some(Value::Object(into)), Value::Object(from)) => merge_tables(into, from, &key)?,
            _ => return Err(key),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(texts: &[&str]) -> Result<Value, String> {
        let named = texts.iter().enumerate();
        merge(named.map(|(n, text)| (format!("{n}.toml"), text.to_string())))
            .map_err(|e| e.to_string())
    }

    #[test]
    fn tables_merge_and_keys_may_be_declared_once() {
        let cases: &[(&str, &[&str], Result<Value, &str>)] = &[
            ("nothing", &[], Ok(json!({}))),
            (
                "one table from two fragments",
                &["[settings]\nmotd = 'a'", "[settings.ntp]\noptions = []"],
                Ok(json!({"settings": {"motd": "a", "ntp": {"options": []}}})),
            ),
            (
                "same key, same value",
                &["[settings]\nmotd = 'a'", "[settings]\nmotd = 'a'"],
                Err("1.toml: `settings.motd` is already declared in an earlier fragment"),
            ),
            (
                "a value where there is a table",
                &["[settings.ntp]\na = 1", "[settings]\nntp = 1"],
                Err("1.toml: `settings.ntp` is already declared in an earlier fragment"),
            ),
        ];
        for (name, texts, expected) in cases {
            let expected = expected.clone().map_err(str::to_owned);
            assert_eq!(merged(texts), expected, "{name}");
        }
    }

    #[test]
    fn a_syntax_error_names_fragment_line_and_column() {
        let error = merged(&["[settings]\n", "[settings]\nmotd = \n"]).unwrap_err();
        assert!(
            error.starts_with("1.toml: TOML parse error at line 2, column 8"),
            "{error}"
        );
    }

    #[test]
    fn the_embedded_fragments_merge() {
        assert!(embedded()["settings"].is_object());
    }
}
