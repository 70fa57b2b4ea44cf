//! Rules between settings: what no single value can know.

use std::collections::BTreeMap;

use crate::{Error, Key, Settings};

/// A rule looks at all settings and returns the first thing that is wrong.
type Rule = fn(&Settings) -> Result<(), Error>;

const RULES: &[Rule] = &[one_spelling_per_sysctl];

/// Holds settings against every rule.
pub(crate) fn check(settings: &Settings) -> Result<(), Error> {
    RULES.iter().try_for_each(|rule| rule(settings))
}

/// `net.ipv4.ip_forward` and `net/ipv4/ip_forward` are one parameter; set to
/// two values, the result would hang on the order of a file.
fn one_spelling_per_sysctl(settings: &Settings) -> Result<(), Error> {
    let parameters = settings.kernel.as_ref().and_then(|k| k.sysctl.as_ref());
    let mut seen = BTreeMap::new();
    for (name, value) in parameters.into_iter().flatten() {
        let Some((other, other_value)) = seen.insert(name.path(), (name, value)) else {
            continue;
        };
        if value != other_value {
            let reason = format!(
                "`{name}` and `{other}` are the same parameter, but are set to `{value}` and `{other_value}`"
            );
            let key = setting(&["kernel", "sysctl", name.as_ref()]);
            return Err(Error::new(key, reason).with_hint(Some(format!("set `{other}` only"))));
        }
    }
    Ok(())
}

fn setting(segments: &[&str]) -> String {
    Key::new(segments.iter().copied())
        .map_or_else(|_| "settings".to_owned(), |key| key.with_prefix())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::validate;

    #[test]
    fn a_sysctl_has_one_value() {
        validate(&json!({"kernel": {"sysctl": {"a.b": "1", "a/b": "1", "a.c": "2"}}})).unwrap();
        let error = validate(&json!({"kernel": {"sysctl": {"a.b": "1", "a/b": "2"}}})).unwrap_err();
        assert_eq!(
            error.to_string(),
            "settings.kernel.sysctl.a/b: `a/b` and `a.b` are the same parameter, but are set to `2` and `1`"
        );
        assert_eq!(error.hint(), Some("set `a.b` only"));
    }
}
