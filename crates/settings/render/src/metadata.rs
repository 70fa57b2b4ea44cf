//! Services, configuration files, and which services a setting affects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::template;

/// Something on the node that reads configuration files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Service {
    /// Names of its configuration files, at least one.
    pub configuration_files: Vec<String>,
    /// Command lines, quoted as in a shell but run without one, that make it
    /// read them again.
    pub restart_commands: Vec<String>,
}

/// A file rendered from settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ConfigurationFile {
    /// Absolute path on the node.
    pub path: PathBuf,
    /// Name of the template in `conf/settings/templates`.
    pub template_path: String,
    /// Permission bits, 0644 where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// Permission bits of a file, written as octal text such as `"0600"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mode(u32);

impl Mode {
    /// The bits as chmod(2) takes them.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl Default for Mode {
    fn default() -> Self {
        Self(0o644)
    }
}

impl TryFrom<String> for Mode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match u32::from_str_radix(&text, 8) {
            // No setuid, setgid or sticky file is ever rendered.
            Ok(bits) if bits <= 0o777 => Ok(Self(bits)),
            _ => Err(format!(
                "`{text}` is not a mode: octal digits up to 0777 are"
            )),
        }
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        format!("{:04o}", mode.0)
    }
}

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
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Node {
    #[serde(rename = "affected-services")]
    affected_services: Option<Vec<String>>,
    #[serde(flatten)]
    children: BTreeMap<String, Node>,
}

/// What the fragments say besides default settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Services by name.
    pub services: BTreeMap<String, Service>,
    /// Configuration files by name.
    pub configuration_files: BTreeMap<String, ConfigurationFile>,
    affected: Node,
}

impl Metadata {
    /// Reads the sections `services`, `configuration-files` and
    /// `metadata.settings` of a merged tree; every name used must be declared.
    pub fn from_declarations(declared: &Value) -> Result<Self, Error> {
        let metadata = Self {
            services: section("services", &declared["services"])?,
            configuration_files: section("configuration-files", &declared["configuration-files"])?,
            affected: section("metadata", &declared["metadata"]["settings"])?,
        };
        metadata.check()?;
        Ok(metadata)
    }

    /// Names of the services a setting affects. `key` holds the segments of
    /// its path below `settings`. A key without metadata of its own has that
    /// of its nearest ancestor; a key with settings below it also has theirs.
    pub fn affected_services<S: AsRef<str>>(&self, key: &[S]) -> BTreeSet<&str> {
        let mut node = &self.affected;
        let mut nearest = node.affected_services.as_ref();
        let mut found = BTreeSet::new();
        for (depth, segment) in key.iter().enumerate() {
            let Some(child) = node.children.get(segment.as_ref()) else {
                break;
            };
            node = child;
            nearest = node.affected_services.as_ref().or(nearest);
            if depth + 1 == key.len() {
                collect(node, &mut found);
            }
        }
        if key.is_empty() {
            collect(node, &mut found);
        }
        found.extend(nearest.into_iter().flatten().map(String::as_str));
        found
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
        collect(&self.affected, &mut affected);
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

fn collect<'a>(node: &'a Node, into: &mut BTreeSet<&'a str>) {
    into.extend(node.affected_services.iter().flatten().map(String::as_str));
    for child in node.children.values() {
        collect(child, into);
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
    fn modes_are_octal_text_both_ways() {
        for (text, bits) in [
            ("0644", Some(0o644)),
            ("600", Some(0o600)),
            ("0000", Some(0)),
        ]
        .into_iter()
        .chain(["", "0888", "-1", "04755", "rw", "1000000000000"].map(|t| (t, None)))
        {
            let mode = Mode::try_from(text.to_owned()).ok();
            assert_eq!(mode.map(Mode::bits), bits, "{text}");
        }
        assert_eq!(String::from(Mode::default()), "0644");
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
