//! The fragments under `conf/settings/defaults`, and which of them are those of
//! a variant, merged into one tree.

use serde::Deserialize;
use serde_json::{Map, Value};
use settings_model::{Model, Platform};

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
    /// A fragment does not say properly to what it applies.
    #[error("{fragment}: [applies]: {source}")]
    Applies {
        /// File name of the fragment.
        fragment: String,
        /// What is wrong with it.
        source: serde_json::Error,
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

/// To what a fragment applies, its table `[applies]`. What is not said leaves
/// nothing out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Applies {
    /// Groups that a variant has, all of them.
    groups: Vec<String>,
    /// Groups that it does not have, none of them.
    without: Vec<String>,
    /// Platforms, of which its own is one.
    platforms: Option<Vec<Platform>>,
}

/// The groups and the platform of a variant.
#[derive(Debug)]
pub struct Target<'a> {
    groups: Vec<&'a str>,
    platform: Platform,
}

impl<'a> Target<'a> {
    /// Of a model and a platform.
    pub fn new(model: &'a Model, platform: Platform) -> Self {
        Self {
            groups: model.groups().collect(),
            platform,
        }
    }

    fn has(&self, group: &str) -> bool {
        self.groups.contains(&group)
    }
}

impl Applies {
    fn to(&self, target: &Target<'_>) -> bool {
        let on = |platforms: &Vec<Platform>| platforms.contains(&target.platform);
        self.groups.iter().all(|group| target.has(group))
            && !self.without.iter().any(|group| target.has(group))
            && self.platforms.as_ref().is_none_or(on)
    }
}

/// The embedded fragments that apply to `target` as one tree.
pub fn embedded(target: &Target<'_>) -> Result<Value, Error> {
    merge(texts(), target)
}

/// The embedded fragments as (name, text), in the order of their names.
fn texts() -> impl Iterator<Item = (String, String)> {
    // The iterator's order depends on the profile; name order is the promise.
    let mut names: Vec<_> = Embedded::iter().collect();
    names.sort();
    names.into_iter().filter_map(|name| {
        let file = Embedded::get(&name)?;
        Some((
            name.to_string(),
            String::from_utf8_lossy(&file.data).into_owned(),
        ))
    })
}

/// Merges fragments, given as (name, text), in the order given, save those that
/// do not apply.
pub fn merge(
    fragments: impl Iterator<Item = (String, String)>,
    target: &Target<'_>,
) -> Result<Value, Error> {
    let mut merged = Map::new();
    for (fragment, text) in fragments {
        let mut declared =
            toml::from_str::<Map<String, Value>>(&text).map_err(|source| Error::Syntax {
                fragment: fragment.clone(),
                source,
            })?;
        let applies = declared
            .remove("applies")
            .map_or(Ok(Applies::default()), serde_json::from_value::<Applies>)
            .map_err(|source| Error::Applies {
                fragment: fragment.clone(),
                source,
            })?;
        if applies.to(target) {
            merge_tables(&mut merged, declared, "")
                .map_err(|key| Error::Duplicate { fragment, key })?;
        }
    }
    Ok(Value::Object(merged))
}

/// Moves `from` into `into`; a key that both declare is the error. Only the
/// lists of affected services add up: a service says itself which settings
/// concern it, in the fragment that declares it.
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
            (Some(Value::Array(into)), Value::Array(from))
                if key.starts_with("metadata.settings.") && name == "affected-services" =>
            {
                into.extend(from);
            }
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
        let model = Model::of(&["motd", "ntp"]).unwrap();
        let named = texts.iter().enumerate();
        merge(
            named.map(|(n, text)| (format!("{n}.toml"), text.to_string())),
            &Target::new(&model, Platform::Vmware),
        )
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
            (
                "services of one setting",
                &[
                    "[metadata.settings.ntp]\naffected-services = ['a']",
                    "[metadata.settings.ntp]\naffected-services = ['b']",
                ],
                Ok(json!({"metadata": {"settings": {"ntp": {"affected-services": ["a", "b"]}}}})),
            ),
            (
                "no other lists",
                &[
                    "[services.a]\nrestart-commands = ['a']",
                    "[services.a]\nrestart-commands = ['b']",
                ],
                Err(
                    "1.toml: `services.a.restart-commands` is already declared in an earlier fragment",
                ),
            ),
        ];
        for (name, texts, expected) in cases {
            let expected = expected.clone().map_err(str::to_owned);
            assert_eq!(merged(texts), expected, "{name}");
        }
    }

    #[test]
    fn fragments_apply_by_groups_and_platform() {
        for (applies, expected) in [
            ("", true),
            ("groups = []", true),
            ("groups = ['motd']", true),
            ("groups = ['motd', 'ntp']", true),
            ("groups = ['motd', 'ecs']", false),
            ("without = ['ecs']", true),
            ("without = ['ecs', 'ntp']", false),
            ("platforms = ['aws', 'vmware']", true),
            ("platforms = ['aws']", false),
            ("platforms = []", false),
            ("groups = ['ecs']\nplatforms = ['vmware']", false),
        ] {
            let found = merged(&[&format!("[applies]\n{applies}\n[settings]\nmotd = 'a'")]);
            let settings = match expected {
                true => json!({"settings": {"motd": "a"}}),
                false => json!({}),
            };
            assert_eq!(found, Ok(settings), "{applies}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_fragment() {
        for (text, expected) in [
            (
                "[settings]\nmotd = \n",
                "1.toml: TOML parse error at line 2, column 8",
            ),
            (
                "[applies]\ngroup = []\n",
                "1.toml: [applies]: unknown field `group`",
            ),
            (
                "[applies]\nplatforms = ['moon']\n",
                "1.toml: [applies]: unknown variant `moon`",
            ),
        ] {
            let error = merged(&["[settings]\n", text]).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    /// A misspelt group would silently take a fragment out of every image.
    #[test]
    fn the_embedded_fragments_name_groups_that_exist() {
        for (name, text) in texts() {
            let fragment: Map<String, Value> = toml::from_str(&text).unwrap();
            let Some(applies) = fragment.get("applies") else {
                continue;
            };
            let applies = Applies::deserialize(applies).unwrap();
            let groups: Vec<_> = applies.groups.iter().chain(&applies.without).collect();
            Model::of(&groups).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}
