//! What is to be collected.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The files of a folder, put together.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Requests {
    /// Programs to run.
    pub command: Vec<Command>,
    /// Files to copy.
    pub copy: Vec<Copy>,
    /// What the API is asked for.
    pub api: Vec<Api>,
}

/// A program, whose output is kept.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// The name of its output.
    pub file: String,
    /// The program and its arguments.
    pub run: Vec<String>,
}

/// Files, which keep their paths.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Copy {
    /// Patterns of paths (`*`, `?`, `**`).
    pub files: Vec<String>,
}

/// A document of the API.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Api {
    /// The name of the answer.
    pub file: String,
    /// What is asked for, such as `/status`.
    pub get: String,
}

impl Requests {
    /// Reads the `*.toml` of a folder, in the order of their names.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut paths = Vec::new();
        for entry in files::at("list", folder, std::fs::read_dir(folder))? {
            paths.push(files::at("list", folder, entry)?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
        paths.sort();
        let mut all = Self::default();
        for path in paths {
            let read = Self::parse(&files::read_to_string(&path)?);
            let read = read.with_context(|| path.display().to_string())?;
            all.command.extend(read.command);
            all.copy.extend(read.copy);
            all.api.extend(read.api);
        }
        Ok(all)
    }

    fn parse(text: &str) -> Result<Self> {
        let requests: Self = toml::from_str(text)?;
        let commands = requests.command.iter().map(|command| &command.file);
        for name in commands.chain(requests.api.iter().map(|api| &api.file)) {
            let is_name = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
            ensure!(is_name, "`{name}` is no name of a file");
        }
        for command in &requests.command {
            ensure!(!command.run.is_empty(), "{} has no command", command.file);
        }
        Ok(requests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_of_the_system_make_sense() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../conf/rootfs");
        let mut found = 0;
        for set in std::fs::read_dir(root).expect("the software sets") {
            let folder = set.expect("a set").path().join("usr/share/logdog");
            if folder.is_dir() {
                let requests = Requests::read(&folder).expect("requests");
                found += requests.command.len();
            }
        }
        assert!(found > 0);
    }

    #[test]
    fn bad_requests_are_refused() {
        for text in [
            "[",
            "[[command]]\nfile = 'a'\n",
            "[[command]]\nfile = 'a'\nrun = []\n",
            "[[command]]\nfile = '../a'\nrun = ['b']\n",
            "[[command]]\nfile = ''\nrun = ['b']\n",
            "[[api]]\nfile = 'a/b'\nget = '/os'\n",
            "[[other]]\nfile = 'a'\n",
        ] {
            assert!(Requests::parse(text).is_err(), "{text}");
        }
        assert_eq!(Requests::parse("").expect("none"), Requests::default());
    }
}
