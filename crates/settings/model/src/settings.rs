//! The tree of settings as types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Kernel, Model, Motd, Network, Ntp, de};

/// All groups of settings. A field that is `None` is not set, which is
/// different from being set to a default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The message shown to whoever logs in.
    pub motd: Option<Motd>,
    /// Kernel parameters.
    pub kernel: Option<Kernel>,
    /// The node's identity on the network.
    pub network: Option<Network>,
    /// Time synchronisation.
    pub ntp: Option<Ntp>,
}

impl Settings {
    /// Reads a tree (the content of `settings`, without that word) and checks
    /// every value in it, each for itself.
    pub fn from_tree(tree: &Value) -> Result<Settings, Error> {
        de::read(tree)
    }
}

/// Checks a part of the settings, each value for itself, and returns it as it
/// is stored: the names and forms the model writes, and only what is set.
pub fn normalise(tree: &Value) -> Result<Value, Error> {
    Model::complete().normalise(tree)
}

/// Checks a whole tree: every value for itself, then the rules between them.
/// For the effective settings of a node, or what they are about to become.
pub fn validate(tree: &Value) -> Result<(), Error> {
    Model::complete().validate(tree)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn good_trees_are_normalised() {
        for (name, given, normal) in [
            ("nothing", json!({}), json!({})),
            (
                "not set is not stored",
                json!({"motd": null, "ntp": {"options": null}}),
                json!({}),
            ),
            (
                "empty groups vanish",
                json!({"kernel": {"sysctl": {}}}),
                json!({}),
            ),
            (
                "an empty list is a value",
                json!({"ntp": {"options": []}}),
                json!({"ntp": {"options": []}}),
            ),
            (
                "lines in motd",
                json!({"motd": "a\nb\n"}),
                json!({"motd": "a\nb\n"}),
            ),
            (
                "all groups",
                json!({
                    "ntp": {"time-servers": ["pool.ntp.org", "fd00:ec2::123"], "options": ["minpoll 1"]},
                    "network": {"hostname": "a.b-c"},
                    "kernel": {"sysctl": {"net.ipv4.ip_forward": "1"}},
                }),
                json!({
                    "kernel": {"sysctl": {"net.ipv4.ip_forward": "1"}},
                    "network": {"hostname": "a.b-c"},
                    "ntp": {"options": ["minpoll 1"], "time-servers": ["pool.ntp.org", "fd00:ec2::123"]},
                }),
            ),
        ] {
            assert_eq!(normalise(&given).unwrap(), normal, "{name}");
            validate(&given).unwrap();
        }
    }

    #[test]
    fn bad_trees_are_explained() {
        for (name, given, message, hint) in [
            (
                "a list",
                json!([]),
                "settings: invalid type: sequence, expected a group of settings",
                None,
            ),
            (
                "a group by position",
                json!({"ntp": [["a"], []]}),
                "settings.ntp: invalid type: sequence, expected a group of settings",
                None,
            ),
            (
                "unknown group",
                json!({"nto": {}}),
                "settings.nto: unknown field `nto`, expected one of `motd`, `kernel`, `network`, `ntp`",
                Some("did you mean `ntp`?"),
            ),
            (
                "unknown field",
                json!({"ntp": {"time-server": ["a"]}}),
                "settings.ntp.time-server: unknown field `time-server`, expected `time-servers` or `options`",
                Some("did you mean `time-servers`?"),
            ),
            (
                "far from any field",
                json!({"network": {"proxy": 1}}),
                "settings.network.proxy: unknown field `proxy`, expected `hostname`",
                None,
            ),
            (
                "the outer word",
                json!({"settings": {"motd": "a"}}),
                "settings.settings: unknown field `settings`, expected one of `motd`, `kernel`, `network`, `ntp`",
                Some("give the content of `settings`, without that word around it"),
            ),
            (
                "wrong type",
                json!({"motd": 5}),
                "settings.motd: invalid type: integer `5`, expected a string",
                None,
            ),
            (
                "wrong type deep down",
                json!({"ntp": {"time-servers": ["a", {}]}}),
                "settings.ntp.time-servers[1]: invalid type: map, expected a string",
                None,
            ),
            (
                "a string for a list",
                json!({"ntp": {"time-servers": "a"}}),
                "settings.ntp.time-servers: invalid type: string \"a\", expected a sequence",
                None,
            ),
            (
                "bad value",
                json!({"network": {"hostname": "-a"}}),
                "settings.network.hostname: invalid hostname `-a`: it must not start with `-` or `.`",
                None,
            ),
            (
                "bad name",
                json!({"kernel": {"sysctl": {"../x": "1"}}}),
                "settings.kernel.sysctl.\"../x\": invalid sysctl name `../x`: it must not start with `.` or `/`",
                None,
            ),
            (
                "null in a map",
                json!({"kernel": {"sysctl": {"a.b": null}}}),
                "settings.kernel.sysctl.\"a.b\": invalid type: null, expected a string",
                None,
            ),
            (
                "terminal escapes",
                json!({"\u{1b}[2J": 1}),
                "settings.\"\\u{1b}[2J\": unknown field `\\u{1b}[2J`, expected one of `motd`, `kernel`, `network`, `ntp`",
                None,
            ),
        ] {
            let error = normalise(&given).unwrap_err();
            assert_eq!(error.to_string(), message, "{name}");
            assert_eq!(error.hint(), hint, "{name}");
        }
    }

    #[test]
    fn errors_do_not_echo_without_end() {
        let error = normalise(&json!({"a".repeat(1_000_000): "b"})).unwrap_err();
        assert!(
            error.to_string().len() < 2000,
            "{}",
            error.to_string().len()
        );
    }
}
