//! Kernel options: what we require of a kernel, and what a kernel has.
//!
//! Both are written in the syntax of Kconfig (`.config`, and fragments of it):
//! `CONFIG_X=VALUE`, or `# CONFIG_X is not set`; other comments mean nothing.

use crate::Error;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Options by name, with their `CONFIG_`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    values: BTreeMap<String, Value>,
}

/// An option's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Not set, which is the same as not there.
    No,
    /// A module.
    Module,
    /// Built in.
    Yes,
    /// A number or a quoted text.
    Other(String),
}

/// A required option that a kernel does not have as required.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// The option, with its `CONFIG_`.
    pub option: String,
    /// The required value.
    pub required: Value,
    /// The kernel's value.
    pub found: Value,
}

impl Value {
    fn parse(text: &str) -> Value {
        match text {
            "n" => Value::No,
            "m" => Value::Module,
            "y" => Value::Yes,
            other => Value::Other(other.to_owned()),
        }
    }

    /// Whether a kernel with this value meets the requirement. What may be a
    /// module may be built in.
    pub fn meets(&self, required: &Value) -> bool {
        self == required || (*required == Value::Module && *self == Value::Yes)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::No => "n",
            Value::Module => "m",
            Value::Yes => "y",
            Value::Other(text) => text,
        })
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deviation {
            option,
            required,
            found,
        } = self;
        write!(f, "{option} is {found}, required is {required}")
    }
}

impl Options {
    /// Parses a `.config` or a fragment of one; the error is the bad line. The
    /// last of several lines for an option wins, as in Kconfig.
    pub fn parse(text: &str) -> Result<Options, String> {
        let mut options = Options::default();
        for line in text.lines().map(str::trim) {
            if let Some((name, value)) = parse_line(line).ok_or_else(|| line.to_owned())? {
                options.values.insert(name.to_owned(), value);
            }
        }
        Ok(options)
    }

    /// Reads a kernel's `.config`.
    pub fn read(path: &Path) -> Result<Options, Error> {
        Options::parse(&files::read_to_string(path)?).map_err(|line| Error::Configuration {
            path: path.to_owned(),
            reason: format!("not a kernel option: {line}"),
        })
    }

    /// Reads the fragments of a folder (`*.cfg`). One named after an
    /// architecture is for that alone; `others` are the names of all other
    /// architectures. Two fragments may not name the same option.
    pub fn read_fragments(folder: &Path, others: &[&str]) -> Result<Options, Error> {
        let mut all = Options::default();
        for path in fragments(folder)? {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            if others.contains(&&*stem) {
                continue;
            }
            for (option, value) in Options::read(&path)?.values {
                if all.values.insert(option.clone(), value).is_some() {
                    return Err(Error::Configuration {
                        path,
                        reason: format!("another fragment has {option}, too"),
                    });
                }
            }
        }
        Ok(all)
    }

    /// An option's value; that of an unknown one is `No`.
    pub fn value(&self, option: &str) -> &Value {
        self.get(option).unwrap_or(&Value::No)
    }

    /// An option's value, if these name it at all.
    pub fn get(&self, option: &str) -> Option<&Value> {
        self.values.get(option)
    }

    /// All options, in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// Which of these (required) options a kernel does not have as required, in
    /// name order.
    pub fn unmet(&self, kernel: &Options) -> Vec<Deviation> {
        self.iter()
            .filter(|(option, required)| !kernel.value(option).meets(required))
            .map(|(option, required)| Deviation {
                option: option.to_owned(),
                required: required.clone(),
                found: kernel.value(option).clone(),
            })
            .collect()
    }
}

fn fragments(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in files::at("list", folder, std::fs::read_dir(folder))? {
        let path = files::at("list", folder, entry)?.path();
        if path.extension().is_some_and(|e| e == "cfg") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// An option and its value, nothing for comments, or `None` for anything else.
fn parse_line(line: &str) -> Option<Option<(&str, Value)>> {
    if let Some(comment) = line.strip_prefix('#') {
        let unset = comment.trim().strip_suffix(" is not set");
        return Some(
            unset
                .filter(|name| is_option(name))
                .map(|name| (name, Value::No)),
        );
    }
    if line.is_empty() {
        return Some(None);
    }
    let (name, value) = line.split_once('=')?;
    let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    let plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (is_option(name) && (quoted || plain)).then(|| Some((name, Value::parse(value))))
}

fn is_option(name: &str) -> bool {
    name.strip_prefix("CONFIG_").is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_options_comments_or_mistakes() {
        let option = |name, value| Some(Some((name, value)));
        let table = [
            ("CONFIG_A=y", option("CONFIG_A", Value::Yes)),
            ("CONFIG_A_64=m", option("CONFIG_A_64", Value::Module)),
            ("CONFIG_A=n", option("CONFIG_A", Value::No)),
            ("# CONFIG_A is not set", option("CONFIG_A", Value::No)),
            (
                "CONFIG_A=0x1f",
                option("CONFIG_A", Value::Other("0x1f".into())),
            ),
            ("CONFIG_A=-1", option("CONFIG_A", Value::Other("-1".into()))),
            (
                "CONFIG_A=\"a b\"",
                option("CONFIG_A", Value::Other("\"a b\"".into())),
            ),
            (
                "CONFIG_A=\"\"",
                option("CONFIG_A", Value::Other("\"\"".into())),
            ),
            ("", Some(None)),
            ("# Why we want it.", Some(None)),
            ("# What is not set is off.", Some(None)),
            ("#", Some(None)),
            ("CONFIG_A", None),
            ("CONFIG_A=", None),
            ("CONFIG_A = y", None),
            ("CONFIG_=y", None),
            ("A=y", None),
            ("CONFIG_A=\"", None),
            ("CONFIG_A=y # why", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_line(line), expected, "{line}");
        }
        let mistake = Options::parse("CONFIG_A=y\nCONFIG_B y\n").unwrap_err();
        assert_eq!(mistake, "CONFIG_B y");
    }

    #[test]
    fn a_kernel_meets_requirements_or_deviates() {
        let table = [
            // Required, kernel, whether it is met.
            ("CONFIG_A=y", "CONFIG_A=y", true),
            ("CONFIG_A=y", "CONFIG_A=m", false),
            ("CONFIG_A=y", "", false),
            ("CONFIG_A=m", "CONFIG_A=m", true),
            ("CONFIG_A=m", "CONFIG_A=y", true),
            ("CONFIG_A=m", "# CONFIG_A is not set", false),
            ("# CONFIG_A is not set", "", true),
            ("# CONFIG_A is not set", "# CONFIG_A is not set", true),
            ("# CONFIG_A is not set", "CONFIG_A=m", false),
            ("CONFIG_A=5", "CONFIG_A=5", true),
            ("CONFIG_A=5", "CONFIG_A=6", false),
        ];
        for (required, kernel, met) in table {
            let parse = |text| Options::parse(text).unwrap();
            let unmet = parse(required).unmet(&parse(kernel));
            assert_eq!(unmet.is_empty(), met, "{required} by {kernel}");
        }
    }

    #[test]
    fn fragments_are_joined_without_those_of_other_architectures() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text| std::fs::write(folder.path().join(name), text).unwrap();
        put("a.cfg", "CONFIG_A=y\n");
        put("x86_64.cfg", "CONFIG_X=y\n");
        put("aarch64.cfg", "CONFIG_ARM=y\n");
        put("notes.txt", "nothing to parse");
        let options = Options::read_fragments(folder.path(), &["aarch64"]).unwrap();
        let names: Vec<_> = options.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["CONFIG_A", "CONFIG_X"]);
        put("b.cfg", "CONFIG_A=m\n");
        let error = Options::read_fragments(folder.path(), &[]).unwrap_err();
        assert!(error.to_string().contains("CONFIG_A"), "{error}");
    }
}
