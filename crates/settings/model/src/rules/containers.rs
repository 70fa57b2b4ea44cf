//! Rules for `settings.host-containers` and `settings.bootstrap-containers`.

use super::Faults;
use crate::Settings;
use crate::groups::BootstrapMode;

/// There is no container without an image: its unit would fail at each start.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    for (name, container) in settings.host_containers.iter().flatten() {
        let because = if container.enabled == Some(true) {
            "the container is enabled"
        } else if container.superpowered == Some(true) {
            "the container is superpowered"
        } else {
            continue;
        };
        if container.source.is_none() {
            faults.missing(&["host-containers", name.as_ref(), "source"], because);
        }
    }
    for (name, container) in settings.bootstrap_containers.iter().flatten() {
        let runs = matches!(
            container.mode,
            Some(BootstrapMode::Always | BootstrapMode::Once)
        );
        if runs && container.source.is_none() {
            faults.missing(
                &["bootstrap-containers", name.as_ref(), "source"],
                "the container is to run",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn a_container_that_runs_needs_an_image() {
        table(
            &[
                json!({"host-containers": {"a": {"enabled": false, "superpowered": false}}}),
                json!({"host-containers": {"a": {"enabled": true, "source": "b/c:1"}}}),
                json!({"bootstrap-containers": {"a": {"essential": true}}}),
                json!({"bootstrap-containers": {"a": {"mode": "off"}}}),
                json!({"bootstrap-containers": {"a": {"mode": "once", "source": "b/c:1"}}}),
            ],
            &[
                (
                    json!({"host-containers": {"a": {"enabled": true}}}),
                    "settings.host-containers.a.source: it must be set, since the container is enabled",
                ),
                (
                    json!({"host-containers": {"a": {"superpowered": true}}}),
                    "settings.host-containers.a.source: it must be set, since the container is superpowered",
                ),
                (
                    json!({"bootstrap-containers": {"a": {"mode": "always"}}}),
                    "settings.bootstrap-containers.a.source: it must be set, since the container is to run",
                ),
            ],
        );
    }
}
