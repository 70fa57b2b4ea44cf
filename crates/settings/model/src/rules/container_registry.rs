//! Rules for `settings.container-registry`.

use std::collections::BTreeSet;

use super::Faults;
use crate::{Settings, SingleLineString};

/// Each registry is a table in containerd's configuration. Two tables of one
/// name are not TOML, and containerd would not start.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    let Some(group) = &settings.container_registry else {
        return;
    };
    let mirrors = group.mirrors.iter().flat_map(|mirrors| mirrors.as_slice());
    once("mirrors", mirrors.map(|mirror| &mirror.registry), faults);
    let credentials = group.credentials.iter().flatten();
    once("credentials", credentials.map(|one| &one.registry), faults);
}

fn once<'a>(
    list: &str,
    registries: impl Iterator<Item = &'a SingleLineString>,
    faults: &mut Faults,
) {
    let mut seen = BTreeSet::new();
    for registry in registries {
        if !seen.insert(registry) {
            let key = ["container-registry", list];
            faults.add(&key, format!("the registry `{registry}` has two entries"));
            faults.hint("put them together into one entry".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn a_registry_has_one_entry() {
        table(
            &[json!({"container-registry": {
                "mirrors": [{"registry": "a", "endpoint": []}, {"registry": "*", "endpoint": []}],
                "credentials": [{"registry": "a"}, {"registry": "b"}],
            }})],
            &[
                (
                    json!({"container-registry": {"mirrors": [
                        {"registry": "a", "endpoint": ["m"]},
                        {"registry": "a", "endpoint": ["n"]},
                    ]}}),
                    "settings.container-registry.mirrors: the registry `a` has two entries",
                ),
                (
                    json!({"container-registry": {"creds": [{"registry": "b"}, {"registry": "b"}]}}),
                    "settings.container-registry.credentials: the registry `b` has two entries",
                ),
            ],
        );
    }
}
