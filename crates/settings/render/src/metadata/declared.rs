//! The entries of declarations.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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
    /// File of the image that comes first, before what is rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<PathBuf>,
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

/// A command that finds the value of a setting that nobody has set. It is
/// written as the command alone, or as a table if there is more to say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenGenerator")]
pub struct Generator {
    /// A command line, quoted as in a shell but run without one. It prints the
    /// value as JSON.
    pub command: String,
    /// What becomes of the value.
    pub strength: Strength,
}

/// What becomes of a generated value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// It stays as if somebody had set it.
    #[default]
    Strong,
    /// It is made again by the next version of the system, like a default.
    Weak,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a command, or a table with `command` and perhaps `strength` (`strong` or `weak`)"
)]
enum WrittenGenerator {
    Command(String),
    #[serde(rename_all = "kebab-case")]
    Table(Table),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    command: String,
    #[serde(default)]
    strength: Strength,
}

impl From<WrittenGenerator> for Generator {
    fn from(written: WrittenGenerator) -> Self {
        let table = match written {
            WrittenGenerator::Table(table) => table,
            WrittenGenerator::Command(command) => Table {
                command,
                strength: Strength::default(),
            },
        };
        Self {
            command: table.command,
            strength: table.strength,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
    fn generators_are_commands_or_tables() {
        let generator = |strength| {
            Some(Generator {
                command: "a b".to_owned(),
                strength,
            })
        };
        for (written, expected) in [
            (json!("a b"), generator(Strength::Strong)),
            (json!({"command": "a b"}), generator(Strength::Strong)),
            (
                json!({"command": "a b", "strength": "weak"}),
                generator(Strength::Weak),
            ),
            (json!({"command": "a b", "strength": "feeble"}), None),
            (json!({"command": "a b", "stength": "weak"}), None),
            (json!({"strength": "weak"}), None),
            (json!(1), None),
        ] {
            let found = Generator::deserialize(&written).ok();
            assert_eq!(found, expected, "{written}");
        }
    }
}
