//! Settings written as `key=value`, as `apiclient set` takes them.

use serde_json::Value;
use settings_model::{Key, Kind, Model, json, key, tree};

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
    /// Reads `key=value`; `settings.` before the key is optional. What the
    /// value is depends on the kind that the model says the key has:
    ///
    /// * text: as it stands, or written as a JSON string;
    /// * list: entries between commas, or a JSON list;
    /// * anything else, also a key that the model does not have: see [`guess`].
    ///
    /// A value that is not of the kind of its key is left for the API to
    /// refuse, which knows why.
    pub fn parse(text: &str, model: &Model) -> Result<Self, Error> {
        let at = equals_sign(text).ok_or_else(|| Error::NoValue(text.to_owned()))?;
        let key = Key::parse_prefixed(&text[..at])?;
        let value = read(&text[at + 1..], model.kind(&key)).map_err(|source| Error::List {
            key: key.clone(),
            source,
        })?;
        Ok(Self { key, value })
    }
}

fn read(word: &str, kind: Option<Kind>) -> Result<Value, json::Error> {
    match kind {
        Some(Kind::Text) => Ok(text(word)),
        Some(Kind::List(_)) if word.starts_with('[') => json::parse(word.as_bytes()),
        Some(Kind::List(_)) if word.is_empty() => Ok(Value::Array(Vec::new())),
        // What is a list of lists has no meaning but as JSON.
        Some(Kind::List(entry)) if !matches!(*entry, Kind::List(_)) => word
            .split(',')
            .map(|word| read(word.trim(), Some(entry.as_ref().clone())))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array),
        _ => guess(word),
    }
}

/// A word as text; what is written as a JSON string is what that says.
fn text(word: &str) -> Value {
    if word.starts_with('"')
        && let Ok(value @ Value::String(_)) = json::parse(word.as_bytes())
    {
        return value;
    }
    word.into()
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
    match word.starts_with('[') {
        true => json::parse(word.as_bytes()),
        false => Ok(text(word)),
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

    /// As for keys that no model has.
    fn parse(text: &str) -> Result<Assignment, Error> {
        let no_groups: [&str; 0] = [];
        Assignment::parse(text, &Model::of(&no_groups).unwrap())
    }

    #[test]
    fn the_kind_of_the_key_says_what_a_value_is() {
        let cases = [
            ("motd=42", json!("42")),
            ("motd=true", json!("true")),
            ("motd=a,b", json!("a,b")),
            ("motd=[x", json!("[x")),
            ("motd=\"42\"", json!("42")),
            ("motd=\"", json!("\"")),
            ("kernel.sysctl.\"vm.swappiness\"=10", json!("10")),
            ("ntp.time-servers=a,b", json!(["a", "b"])),
            ("ntp.time-servers=a, b", json!(["a", "b"])),
            ("ntp.time-servers=a", json!(["a"])),
            ("ntp.time-servers=", json!([])),
            (r#"ntp.time-servers=["a", "b"]"#, json!(["a", "b"])),
            (
                r#"network.hosts=[["192.0.2.1", ["a"]]]"#,
                json!([["192.0.2.1", ["a"]]]),
            ),
            ("network.hosts=192.0.2.1 a", json!("192.0.2.1 a")),
            ("updates.seed=7", json!(7)),
            ("updates.seed=seven", json!("seven")),
            ("updates.ignore-waves=true", json!(true)),
            ("updates.ignore-waves=yes", json!("yes")),
            ("host-containers.admin.enabled=true", json!(true)),
            ("host-containers.admin.source=a,b", json!("a,b")),
            ("nope.nope=a,b", json!("a,b")),
        ];
        let model = Model::complete();
        for (text, value) in cases {
            assert_eq!(
                Assignment::parse(text, &model).unwrap().value,
                value,
                "{text}"
            );
        }
        assert_eq!(
            Assignment::parse("ntp.time-servers=[a", &model)
                .unwrap_err()
                .to_string(),
            "the value of `ntp.time-servers` is not a JSON list: invalid JSON: expected value at \
             line 1 column 2"
        );
    }

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
            let read = parse(text).unwrap();
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
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn assignments_make_one_tree() {
        let read = |texts: &[&str]| {
            let assignments: Result<Vec<_>, _> = texts.iter().map(|t| parse(t)).collect();
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
            let read = parse(&written).unwrap();
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
        fn no_text_panics(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
