//! The list of migrations, and the way from one version to another in it.

use std::collections::BTreeMap;
use std::fmt;

use semver::Version;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

/// Which migrations lead from a version to a newer one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List(BTreeMap<Version, BTreeMap<Version, Vec<String>>>);

/// A list that makes no sense, or does not lead where it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is not JSON or TOML of the right shape.
    #[error("{0}")]
    Syntax(String),
    /// A step's name is not that of two versions.
    #[error("`{}` must be `(OLD, NEW)`, two versions of which the second is newer", .0.escape_debug())]
    Edge(String),
    /// The same step is there twice.
    #[error("the step from {from} to {to} is there twice")]
    Twice {
        /// The older version.
        from: Version,
        /// The newer version.
        to: Version,
    },
    /// A migration cannot have that name.
    #[error(
        "the migration `{}` must have 1 to 128 characters of `a-zA-Z0-9._+-` and must not start with `.`",
        .0.chars().take(64).collect::<String>().escape_debug()
    )]
    Name(String),
    /// There is no way.
    #[error("no migration leads from {at} towards {to}{}", others(.known))]
    Missing {
        /// Where the way ends.
        at: Version,
        /// Where it should lead.
        to: Version,
        /// Where it leads from there instead: all too far.
        known: Vec<Version>,
    },
}

fn others(known: &[Version]) -> String {
    if known.is_empty() {
        return String::new();
    }
    let known: Vec<String> = known.iter().map(Version::to_string).collect();
    format!(", only to {}", known.join(", "))
}

impl List {
    /// Reads a list in JSON, as in a repository's `manifest.json`; what else
    /// stands there is passed over:
    /// `{"migrations": {"(0.1.0, 0.2.0)": ["name", …]}}`
    pub fn from_json(text: &str) -> Result<List, Error> {
        let file: ListFile =
            serde_json::from_str(text).map_err(|e| Error::Syntax(e.to_string()))?;
        file.migrations.check()
    }

    /// Reads a list of the same shape in TOML.
    pub fn from_toml(text: &str) -> Result<List, Error> {
        let file: ListFile = toml::from_str(text).map_err(|e| Error::Syntax(e.to_string()))?;
        file.migrations.check()
    }

    /// The names of the migrations between two versions, in the order to run
    /// them in: forward to a newer version, backward to an older one. None
    /// between a version and itself.
    ///
    /// The way leads over the largest step that does not go too far, and so on
    /// from there.
    pub fn path(&self, from: &Version, to: &Version) -> Result<Vec<&str>, Error> {
        let mut path = Vec::new();
        let mut at = from.min(to);
        let end = from.max(to);
        while at < end {
            let steps = self.0.get(at);
            let step = steps.and_then(|steps| steps.range(..=end).next_back());
            let Some((next, names)) = step else {
                return Err(Error::Missing {
                    at: at.clone(),
                    to: end.clone(),
                    known: steps
                        .into_iter()
                        .flat_map(BTreeMap::keys)
                        .cloned()
                        .collect(),
                });
            };
            path.extend(names.iter().map(String::as_str));
            at = next;
        }
        if from > to {
            path.reverse();
        }
        Ok(path)
    }

    /// Every name that occurs, in no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let steps = self.0.values().flat_map(BTreeMap::values);
        steps.flatten().map(String::as_str)
    }
}

#[derive(Deserialize)]
struct ListFile {
    migrations: Edges,
}

/// Members as they stand there, so that none that is there twice is lost.
struct Edges(Vec<(String, Vec<String>)>);

impl Edges {
    fn check(self) -> Result<List, Error> {
        let mut list = List::default();
        for (edge, names) in self.0 {
            let Some((from, to)) = parse_edge(&edge) else {
                return Err(Error::Edge(edge));
            };
            if let Some(bad) = names.iter().find(|name| !is_name(name)) {
                return Err(Error::Name(bad.clone()));
            }
            let steps = list.0.entry(from.clone()).or_default();
            if steps.insert(to.clone(), names).is_some() {
                return Err(Error::Twice { from, to });
            }
        }
        Ok(list)
    }
}

impl<'de> Deserialize<'de> for Edges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Edges;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lists of names by `(OLD, NEW)`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Edges, A::Error> {
                let mut edges = Vec::new();
                while let Some(edge) = map.next_entry()? {
                    edges.push(edge);
                }
                Ok(Edges(edges))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

fn parse_edge(text: &str) -> Option<(Version, Version)> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let (from, to) = inner.split_once(',')?;
    let from: Version = from.trim().parse().ok()?;
    let to: Version = to.trim().parse().ok()?;
    (from < to).then_some((from, to))
}

/// Whether a text names a file that is in its folder.
fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-');
    (1..=128).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed)
}
