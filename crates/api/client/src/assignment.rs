//! Settings written as `key=value`, as `apiclient set` takes them.

use serde_json::Value;
use settings_model::{Key, json, key, tree};

/// Why words are not settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No `=` outside of quotes.
    #[error("`{0}` is not KEY=VALUE")]
    NoValue(String),
    /// The key is not well formed.
    #[error(transparent)]
    Key(#[from] key::Error),
    /// The value starts as a JSON list but is none.
    #[error("the value of `{key}` is not a JSON list: {source}")]
    List {
        /// The key.
        key: Key,
        /// What is wrong with it.
        source: json::Error,
    },
    /// Two assignments say something about the same place.
    #[error("`{one}` and `{other}` cannot both be set")]
    Conflict {
        /// The earlier key.
        one: Key,
        /// The later key.
        other: Key,
    },
}

/// One setting and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Which setting.
    pub key: Key,
    /// A scalar or a list.
    pub value: Value,
}

impl Assignment {
    /// Reads `key=value`; `settings.` before the key is optional. For the
    /// value see [`guess`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let at = equals_sign(text).ok_or_else(|| Error::NoValue(text.to_owned()))?;
        let key = Key::parse_prefixed(&text[..at])?;
        let value = guess(&text[at + 1..]).map_err(|source| Error::List {
            key: key.clone(),
            source,
        })?;
        Ok(Self { key, value })
    }

    /// If the value could also have been meant as text: the assignment as it
    /// would have to be written for that.
    pub fn as_text(&self) -> Option<String> {
        match &self.value {
            Value::Bool(_) | Value::Number(_) => Some(format!("{}=\"{}\"", self.key, self.value)),
            _ => None,
        }
    }
}

/// Makes a value of a word: a boolean, else an integer, else a number, else
/// text. What stands in double quotes, written as JSON, is text whatever it
/// looks like; what starts with `[` is a JSON list.
pub fn guess(word: &str) -> Result<Value, json::Error> {
    if let Ok(value) = word.parse::<bool>() {
        return Ok(value.into());
    }
    if let Ok(value) = word.parse::<u64>() {
        return Ok(value.into());
    }
    if let Ok(value) = word.parse::<i64>() {
        return Ok(value.into());
    }
    // `inf` and `nan` are not JSON numbers: those words stay text.
    if let Some(number) = word.parse().ok().and_then(serde_json::Number::from_f64) {
        return Ok(number.into());
    }
    match word.as_bytes().first() {
        Some(b'[') => json::parse(word.as_bytes()),
        Some(b'"') => match json::parse(word.as_bytes()) {
            Ok(value @ Value::String(_)) => Ok(value),
            _ => Ok(word.into()),
        },
        _ => Ok(word.into()),
    }
}

/// Makes one tree of many assignments.
pub fn to_tree(assignments: &[Assignment]) -> Result<Value, Error> {
    for (position, one) in assignments.iter().enumerate() {
        for other in &assignments[position + 1..] {
            let (a, b) = (one.key.segments(), other.key.segments());
            if a.starts_with(b) || b.starts_with(a) {
                return Err(Error::Conflict {
                    one: one.key.clone(),
                    other: other.key.clone(),
                });
            }
        }
    }
    Ok(tree::nest(assignments.iter().map(|a| (&a.key, &a.value))))
}

/// The first `=` that is not between double quotes.
fn equals_sign(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '=' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_are_guessed() {
        let cases = [
            ("", json!("")),
            ("true", json!(true)),
            ("false", json!(false)),
            ("True", json!("True")),
            ("42", json!(42)),
            ("-42", json!(-42)),
            ("18446744073709551615", json!(u64::MAX)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("inf", json!("inf")),
            ("NaN", json!("NaN")),
            ("1.2.3", json!("1.2.3")),
            ("hi there", json!("hi there")),
            ("a=b", json!("a=b")),
            ("\"42\"", json!("42")),
            ("\"a\\nb\"", json!("a\nb")),
            ("\"hi\" he said", json!("\"hi\" he said")),
            ("\"", json!("\"")),
            ("[]", json!([])),
            (r#"["a", "b"]"#, json!(["a", "b"])),
            (r#"["a", ["b", 1]]"#, json!(["a", ["b", 1]])),
            ("{\"a\": 1}", json!("{\"a\": 1}")),
        ];
        for (word, value) in cases {
            assert_eq!(guess(word).unwrap(), value, "{word}");
        }
        for word in ["[", "[a]", "[1] x", "[\"a\",]"] {
            assert!(guess(word).is_err(), "{word}");
        }
    }

    #[test]
    fn assignments_are_read() {
        let cases: &[(&str, &[&str], Value)] = &[
            ("motd=hi", &["motd"], json!("hi")),
            ("settings.motd=hi", &["motd"], json!("hi")),
            ("motd=", &["motd"], json!("")),
            ("motd=a=b", &["motd"], json!("a=b")),
            (
                r#"kernel.sysctl."vm.max_map_count"="1""#,
                &["kernel", "sysctl", "vm.max_map_count"],
                json!("1"),
            ),
            (r#"a."b=\"c"=1"#, &["a", "b=\"c"], json!(1)),
        ];
        for (text, key, value) in cases {
            let read = Assignment::parse(text).unwrap();
            assert_eq!(read.key.segments(), *key, "{text}");
            assert_eq!(read.value, *value, "{text}");
        }
        let bad = [
            ("motd", "`motd` is not KEY=VALUE"),
            ("a.\"b=c", "`a.\"b=c` is not KEY=VALUE"),
            ("=x", "invalid key ``: a name in it is empty"),
            ("a..b=x", "invalid key `a..b`: a name in it is empty"),
            (
                "a=[1",
                "the value of `a` is not a JSON list: invalid JSON: EOF while parsing a list \
                 at line 1 column 2",
            ),
        ];
        for (text, message) in bad {
            assert_eq!(Assignment::parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn assignments_make_one_tree() {
        let read = |texts: &[&str]| {
            let assignments: Result<Vec<_>, _> =
                texts.iter().map(|t| Assignment::parse(t)).collect();
            to_tree(&assignments.unwrap()).map_err(|e| e.to_string())
        };
        assert_eq!(
            read(&["motd=a", "ntp.options=[]", "settings.ntp.x=1"]).unwrap(),
            json!({"motd": "a", "ntp": {"options": [], "x": 1}})
        );
        assert_eq!(
            read(&["a=1", "a=1"]).unwrap_err(),
            "`a` and `a` cannot both be set"
        );
        assert_eq!(
            read(&["a.b=1", "a=1"]).unwrap_err(),
            "`a.b` and `a` cannot both be set"
        );
    }

    fn key() -> impl Strategy<Value = Key> {
        prop::collection::vec("[^\\pC]{1,8}", 1..4)
            .prop_map(|names| Key::new(names).unwrap())
            // The one name that is taken for the word before a key.
            .prop_filter("not `settings`", |key| key.segments()[0] != "settings")
    }

    proptest! {
        #[test]
        fn quoted_text_is_read_back(key in key(), text in any::<String>()) {
            let written = format!("{key}={}", Value::from(text.as_str()));
            let read = Assignment::parse(&written).unwrap();
            prop_assert_eq!(read, Assignment { key, value: text.into() });
        }

        #[test]
        fn scalars_are_read_back(value in prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from).prop_filter("JSON has none", |v| !v.is_null()),
            prop::collection::vec(any::<String>(), 0..3).prop_map(Value::from),
        ]) {
            let read = guess(&value.to_string()).unwrap();
            prop_assert_eq!(read.to_string(), value.to_string());
        }

        #[test]
        fn as_text_gives_text(value in prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
        ]) {
            let assignment = Assignment { key: "a".parse().unwrap(), value: value.clone() };
            let read = Assignment::parse(&assignment.as_text().unwrap()).unwrap();
            prop_assert_eq!(read.value, Value::from(value.to_string()));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Assignment::parse(&text);
        }
    }
}
