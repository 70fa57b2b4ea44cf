//! Rules for `settings.pki`.

use super::Faults;
use crate::Settings;

/// Trust in nothing at all is a slip, mostly in the name of the entry. An empty
/// bundle is fine: that is how one was taken away before keys could be unset.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    for (name, authority) in settings.pki.iter().flatten() {
        if authority.trusted == Some(true) && authority.data.is_none() {
            faults.missing(&["pki", name.as_ref(), "data"], "the entry is trusted");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn trust_needs_certificates() {
        table(
            &[
                json!({"pki": {"a": {"trusted": false}}}),
                json!({"pki": {"a": {"trusted": true, "data": ""}}}),
            ],
            &[(
                json!({"pki": {"a": {"trusted": true}}}),
                "settings.pki.a.data: it must be set, since the entry is trusted",
            )],
        );
    }
}
