//! Services, configuration files, and what settings have to do with them.

mod declared;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use settings_model::{Key, key};

pub use declared::{ConfigurationFile, Generator, Mode, Service, Strength};
use tree::Node;

use crate::template;

/// Why declarations make no sense.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A section has the wrong shape.
    #[error("[{section}]: {source}")]
    Shape {
        /// `services`, `configuration-files` or `metadata`.
        section: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A name that nothing declares.
    #[error("{user} names {kind} `{name}`, which is not declared")]
    Unknown {
        /// Who uses the name.
        user: String,
        /// What kind of thing is named.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A service without configuration files would never be restarted.
    #[error("service `{0}` has no configuration files")]
    NoFiles(String),
    /// A path that is not absolute or not plain.
    #[error("configuration file `{0}` needs an absolute path without `..`")]
    Path(String),
    /// A generator for what cannot be the key of a setting.
    #[error("[metadata]: {0}")]
    Key(#[from] key::Error),
}

/// What the fragments say besides default settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Configuration files by name.
    pub configuration_files: BTreeMap<String, ConfigurationFile>,
    settings: Node,
    generators: BTreeMap<Key, Generator>,
}

impl Metadata {
    /// Reads the sections `services`, `configuration-files` and
    /// `metadata.settings` of a merged tree; every name used must be declared.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn from_declarations(declared: &Value) -> Result<Self, Error> {
        let settings: Node = section("metadata", &declared["metadata"]["settings"])?;
        let mut generators = Vec::new();
        settings.collect_generators(&mut Vec::new(), &mut generators);
        let metadata = Self {
            services: section("services", &declared["services"])?,
            configuration_files: section("configuration-files", &declared["configuration-files"])?,
            settings,
            generators: generators
                .into_iter()
                .map(|(key, generator)| Ok((Key::new(key)?, generator)))
                .collect::<Result<_, key::Error>>()?,
        };
        metadata.check()?;
        Ok(metadata)
    }

    /// Names of the services a setting affects. `key` holds the segments of
    /// its path below `settings`. A key without metadata of its own has that
    /// of its nearest ancestor; a key with settings below it also has theirs.
    pub fn affected_services<S: AsRef<str>>(&self, key: &[S]) -> BTreeSet<&str> {
        self.settings.affected_services(key)
    }

    /// The generator of each setting that has one.
    pub fn setting_generators(&self) -> &BTreeMap<Key, Generator> {
        &self.generators
    }

    /// The template, as text, that `schnauzer` renders to generate a setting. A
    /// key without one of its own has that of its nearest ancestor.
    pub fn template<S: AsRef<str>>(&self, key: &[S]) -> Option<&str> {
        self.settings.template(key)
    }

    fn check(&self) -> Result<(), Error> {
        for (name, service) in &self.services {
            if service.configuration_files.is_empty() {
                return Err(Error::NoFiles(name.clone()));
            }
            for file in &service.configuration_files {
                if !self.configuration_files.contains_key(file) {
                    return Err(unknown(
                        format!("service `{name}`"),
                        "configuration file",
                        file,
                    ));
                }
            }
        }
        for (name, file) in &self.configuration_files {
            let plain = !file.path.components().any(|c| c.as_os_str() == "..");
            if !file.path.is_absolute() || !plain {
                return Err(Error::Path(name.clone()));
            }
            if !template::exists(&file.template_path) {
                let user = format!("configuration file `{name}`");
                return Err(unknown(user, "template", &file.template_path));
            }
        }
        let mut affected = BTreeSet::new();
        self.settings.collect_services(&mut affected);
        match affected
            .iter()
            .find(|name| !self.services.contains_key(**name))
        {
            Some(name) => Err(unknown("metadata".to_owned(), "service", name)),
            None => Ok(()),
        }
    }
}

fn section<T: Default + serde::de::DeserializeOwned>(
    section: &'static str,
    value: &Value,
) -> Result<T, Error> {
    if value.is_null() {
        return Ok(T::default());
    }
    T::deserialize(value).map_err(|source| Error::Shape { section, source })
}

fn unknown(user: String, kind: &'static str, name: &str) -> Error {
    Error::Unknown {
        user,
        kind,
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn declarations() -> Value {
        json!({
            "services": {
                "motd": {"configuration-files": ["motd"], "restart-commands": []},
                "ntp": {"configuration-files": ["motd"], "restart-commands": ["a b"]},
                "all": {"configuration-files": ["motd"], "restart-commands": []},
            },
            "configuration-files": {
                "motd": {"path": "/etc/motd", "template-path": "motd", "mode": "0600"},
            },
            "metadata": {"settings": {
                "motd": {"affected-services": ["motd"]},
                "ntp": {"affected-services": ["ntp"], "options": {"affected-services": ["all"]}},
            }},
        })
    }

    #[test]
    fn a_key_has_the_services_of_its_nearest_ancestor_and_of_what_is_below_it() {
        let metadata = Metadata::from_declarations(&declarations()).unwrap();
        let cases: &[(&[&str], &[&str])] = &[
            (&["motd"], &["motd"]),
            (&["ntp", "time-servers"], &["ntp"]),
            (&["ntp", "options"], &["all"]),
            (&["ntp", "options", "deeper", "still"], &["all"]),
            (&["ntp"], &["all", "ntp"]),
            (&[], &["all", "motd", "ntp"]),
            (&["kernel"], &[]),
            (&["kernel", "motd"], &[]),
        ];
        for (key, expected) in cases {
            let found: Vec<_> = metadata.affected_services(key).into_iter().collect();
            assert_eq!(found, *expected, "{key:?}");
        }
    }

    #[test]
    fn a_key_has_its_own_generator_and_the_nearest_template() {
        let metadata = Metadata::from_declarations(&json!({"metadata": {"settings": {
            "a": {
                "template": "outer",
                "b": {"setting-generator": "make b", "template": "inner"},
                "c.d": {"setting-generator": {"command": "make c", "strength": "weak"}},
            },
        }}}))
        .unwrap();
        let generators: Vec<_> = metadata
            .setting_generators()
            .iter()
            .map(|(key, g)| (key.to_string(), g.command.as_str(), g.strength))
            .collect();
        assert_eq!(
            generators,
            [
                ("a.b".to_owned(), "make b", Strength::Strong),
                ("a.\"c.d\"".to_owned(), "make c", Strength::Weak),
            ]
        );
        let cases: &[(&[&str], Option<&str>)] = &[
            (&["a"], Some("outer")),
            (&["a", "b"], Some("inner")),
            (&["a", "b", "deeper"], Some("inner")),
            (&["a", "c.d"], Some("outer")),
            (&["x"], None),
            (&[], None),
        ];
        for (key, expected) in cases {
            assert_eq!(metadata.template(key), *expected, "{key:?}");
        }
    }

    #[test]
    fn inconsistent_declarations_are_refused() {
        let cases = [
            (
                "/services/ntp/configuration-files",
                json!(["nope"]),
                "service `ntp` names configuration file `nope`, which is not declared",
            ),
            (
                "/services/ntp/configuration-files",
                json!([]),
                "service `ntp` has no configuration files",
            ),
            (
                "/services/ntp",
                json!({"configuration-files": [], "restart-command": []}),
                "[services]: unknown field `restart-command`, expected \
                 `configuration-files` or `restart-commands`",
            ),
            (
                "/configuration-files/motd/path",
                json!("etc/motd"),
                "configuration file `motd` needs an absolute path without `..`",
            ),
            (
                "/configuration-files/motd/path",
                json!("/etc/../motd"),
                "configuration file `motd` needs an absolute path without `..`",
            ),
            (
                "/configuration-files/motd/template-path",
                json!("nope"),
                "configuration file `motd` names template `nope`, which is not declared",
            ),
            (
                "/configuration-files/motd/mode",
                json!("4755"),
                "[configuration-files]: `4755` is not a mode: octal digits up to 0777 are",
            ),
            (
                "/metadata/settings/ntp/options",
                json!({"setting-generator": {"strength": "weak"}}),
                "[metadata]: expected a command, or a table with `command` and perhaps \
                 `strength` (`strong` or `weak`)",
            ),
            (
                "/metadata/settings/ntp/options",
                json!({"": {"setting-generator": "make"}}),
                "[metadata]: invalid key `ntp.options.\"\"`: a name in it is empty",
            ),
            (
                "/metadata/settings/ntp/options/affected-services",
                json!(["nope"]),
                "metadata names service `nope`, which is not declared",
            ),
        ];
        for (pointer, value, expected) in cases {
            let mut declared = declarations();
            *declared.pointer_mut(pointer).unwrap() = value;
            let error = Metadata::from_declarations(&declared).unwrap_err();
            assert_eq!(error.to_string(), expected, "{pointer}");
        }
    }
}
