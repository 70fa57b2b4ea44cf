//! The crates that programs are made of.

use crate::source::Source;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// A crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The digest of what the registry has, in hexadecimal; none for ours.
    pub(crate) sha256: Option<String>,
    /// Its license (SPDX), if it says so in a way that is still one.
    pub(crate) license: Option<String>,
}

/// `cargo metadata`, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Debug, Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Debug, Deserialize)]
struct Kind {
    /// None for what ends up in the program; else `dev` or `build`.
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The crates of programs, each once, in order.
pub(crate) fn of(source: &Source, programs: &BTreeSet<&str>, triple: &str) -> Result<Vec<Crate>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut metadata = Command::new(cargo);
    metadata
        .current_dir(source.root())
        .args(["metadata", "--locked", "--quiet", "--format-version", "1"])
        .args(["--filter-platform", triple]);
    let text = process::stdout(&mut metadata)?;
    let metadata = serde_json::from_str(&text).context("cargo metadata is no longer understood")?;
    let lock = files::read_to_string(&source.root().join("Cargo.lock"))?;
    let lock = toml::from_str(&lock).context("Cargo.lock is no longer understood")?;
    Ok(crates(&metadata, &lock, programs))
}

fn crates(metadata: &Metadata, lock: &Lock, programs: &BTreeSet<&str>) -> Vec<Crate> {
    let nodes: BTreeMap<&str, &Node> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (&*node.id, node))
        .collect();
    let digests: BTreeMap<(&str, &str), &str> = lock
        .package
        .iter()
        .filter_map(|p| Some(((&*p.name, &*p.version), p.checksum.as_deref()?)))
        .collect();
    let wanted = metadata
        .packages
        .iter()
        .filter(|p| programs.contains(&*p.name));
    let mut next: Vec<&str> = wanted.map(|p| &*p.id).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = next.pop() {
        if !reached.insert(id) {
            continue;
        }
        let dependencies = nodes.get(id).map_or(&[][..], |node| &node.deps);
        let inside = |d: &&Dependency| d.dep_kinds.iter().any(|kind| kind.kind.is_none());
        next.extend(dependencies.iter().filter(inside).map(|d| &*d.pkg));
    }
    let mut found: Vec<Crate> = metadata
        .packages
        .iter()
        .filter(|package| reached.contains(&*package.id))
        .map(|package| Crate {
            name: package.name.clone(),
            version: package.version.clone(),
            sha256: digests
                .get(&(&*package.name, &*package.version))
                .map(|digest| (*digest).to_owned()),
            // An old way to say `OR`.
            license: package
                .license
                .as_ref()
                .map(|text| text.replace('/', " OR ")),
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_builds_and_tests_is_not_inside() {
        let metadata = r#"{
            "packages": [
                {"id": "p", "name": "program", "version": "1.0.0", "license": null},
                {"id": "a", "name": "a", "version": "1.0.0", "license": "MIT/Apache-2.0"},
                {"id": "b", "name": "b", "version": "2.0.0", "license": "MIT"},
                {"id": "t", "name": "t", "version": "1.0.0", "license": "MIT"}
            ],
            "resolve": {"nodes": [
                {"id": "p", "deps": [
                    {"pkg": "a", "dep_kinds": [{"kind": "build"}, {"kind": null}]},
                    {"pkg": "t", "dep_kinds": [{"kind": "dev"}]}
                ]},
                {"id": "a", "deps": [{"pkg": "b", "dep_kinds": [{"kind": null}]}]},
                {"id": "b", "deps": []},
                {"id": "t", "deps": []}
            ]}
        }"#;
        let lock = "[[package]]\nname = 'a'\nversion = '1.0.0'\nchecksum = 'aa'\n\
                    [[package]]\nname = 'program'\nversion = '1.0.0'\n";
        let metadata = serde_json::from_str(metadata).unwrap();
        let lock = toml::from_str(lock).unwrap();
        let found = crates(&metadata, &lock, &BTreeSet::from(["program"]));
        let said: Vec<_> = found
            .iter()
            .map(|c| (&*c.name, c.sha256.as_deref(), c.license.as_deref()))
            .collect();
        assert_eq!(
            said,
            [
                ("a", Some("aa"), Some("MIT OR Apache-2.0")),
                ("b", None, Some("MIT")),
                ("program", None, None),
            ]
        );
    }
}
