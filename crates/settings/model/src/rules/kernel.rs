//! Rules for `settings.kernel`.

use std::collections::BTreeMap;

use super::Faults;
use crate::Settings;

/// `net.ipv4.ip_forward` and `net/ipv4/ip_forward` are one parameter; set to
/// two values, the result would hang on the order of a file.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    let parameters = settings.kernel.as_ref().and_then(|k| k.sysctl.as_ref());
    let mut seen = BTreeMap::new();
    for (name, value) in parameters.into_iter().flatten() {
        let Some((other, other_value)) = seen.insert(name.path(), (name, value)) else {
            continue;
        };
        if value != other_value {
            faults.add(
                &["kernel", "sysctl", name.as_ref()],
                format!(
                    "`{name}` and `{other}` are the same parameter, but are set to `{value}` and `{other_value}`"
                ),
            );
            faults.hint(format!("set `{other}` only"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;
    use crate::Model;

    #[test]
    fn a_sysctl_has_one_value() {
        let twice = json!({"kernel": {"sysctl": {"a.b": "1", "a/b": "2"}}});
        table(
            &[json!({"kernel": {"sysctl": {"a.b": "1", "a/b": "1", "a.c": "2"}}})],
            &[(
                twice.clone(),
                "settings.kernel.sysctl.a/b: `a/b` and `a.b` are the same parameter, but are set to `2` and `1`",
            )],
        );
        assert_eq!(
            Model::complete().validate(&twice).unwrap_err().hint(),
            Some("set `a.b` only")
        );
    }
}
