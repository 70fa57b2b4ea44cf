//! The groups of settings that a variant has.

use std::sync::OnceLock;

use document::nearest;
use serde_json::Value;

use crate::docs::{KeyDoc, Kind};
use crate::error::unknown;
use crate::key::write_segment;
use crate::{Error, Key, Settings, de, docs, rules, schema, tree};

/// The groups of settings that a variant models.
#[derive(Debug, Clone)]
pub struct Model {
    groups: Vec<&'static str>,
    /// Made when it is first asked for: the reading of settings needs none.
    schema: OnceLock<Value>,
}

impl Model {
    /// Every group there is.
    pub fn complete() -> Model {
        Model::with(de::fields::<Settings>().to_vec())
    }

    /// The named groups. They are kept in the order of the model, and one that
    /// is named twice is there once.
    ///
    /// # Errors
    ///
    /// There is no group of such a name.
    pub fn of<S: AsRef<str>>(groups: &[S]) -> Result<Model, Error> {
        let known = de::fields::<Settings>();
        if let Some(name) = groups
            .iter()
            .map(AsRef::as_ref)
            .find(|name| !known.contains(name))
        {
            return Err(unknown_group(name, known));
        }
        let is_named = |group: &&str| groups.iter().any(|name| name.as_ref() == *group);
        Ok(Model::with(
            known.iter().copied().filter(is_named).collect(),
        ))
    }

    fn with(groups: Vec<&'static str>) -> Model {
        Model {
            groups,
            schema: OnceLock::new(),
        }
    }

    /// The names of the groups, in the order of the model.
    pub fn groups(&self) -> impl Iterator<Item = &'static str> {
        self.groups.iter().copied()
    }

    /// Checks a part of the settings, each value for itself, and returns it as
    /// it is stored: the names and forms the model writes, and only what is
    /// set.
    ///
    /// # Errors
    ///
    /// A group or key that the variant does not have, or a value that its key
    /// does not take.
    pub fn normalise(&self, tree: &Value) -> Result<Value, Error> {
        let settings = self.read(tree)?;
        let mut normal = serde_json::to_value(settings)
            .map_err(|e| Error::new("settings", format!("cannot be written back: {e}")))?;
        tree::prune(&mut normal);
        Ok(normal)
    }

    /// Checks a whole tree: every value for itself, then the rules between
    /// them. For the effective settings of a node, or what they are about to
    /// become.
    ///
    /// # Errors
    ///
    /// As [`Model::normalise`], or the first rule that the settings break.
    pub fn validate(&self, tree: &Value) -> Result<(), Error> {
        match self.broken_rules(tree)?.into_iter().next() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// Every rule that a whole tree breaks. The key of each is the setting to
    /// change; if that is one to add, a generator may still add it.
    ///
    /// # Errors
    ///
    /// As [`Model::normalise`].
    pub fn broken_rules(&self, tree: &Value) -> Result<Vec<Error>, Error> {
        Ok(rules::check(&self.read(tree)?))
    }

    fn read(&self, tree: &Value) -> Result<Settings, Error> {
        if let Some(name) = tree
            .as_object()
            .into_iter()
            .flat_map(|groups| groups.keys())
            .find(|name| !self.groups.contains(&name.as_str()))
        {
            return Err(self.refuse_group(name));
        }
        Settings::from_tree(tree)
    }

    fn refuse_group(&self, name: &str) -> Error {
        if !de::fields::<Settings>().contains(&name) {
            return unknown_group(name, &self.groups);
        }
        let groups = self.groups.join("`, `");
        Error::new(
            group_key(name),
            format!("this variant has no such group; its groups are `{groups}`"),
        )
    }

    /// The JSON Schema (draft 2020-12) of the content of `settings`.
    pub fn schema(&self) -> Value {
        self.shared_schema().clone()
    }

    /// The same schema in the words of draft 4, which editors understand.
    pub fn schema_draft4(&self) -> Value {
        schema::draft4(self.shared_schema())
    }

    fn shared_schema(&self) -> &Value {
        self.schema.get_or_init(|| schema::of(&self.groups))
    }

    /// What sort of value a key takes; none if the variant has no such key.
    pub fn kind(&self, key: &Key) -> Option<Kind> {
        docs::kind(self.shared_schema(), key.segments())
    }

    /// Every key that holds a value, with what there is to say about it, in
    /// the order of the alphabet. A name that a person chooses stands between
    /// angle brackets: `host-containers.<name>.source`.
    pub fn keys(&self) -> Vec<KeyDoc> {
        docs::keys(self.shared_schema())
    }
}

fn group_key(name: &str) -> String {
    let mut key = String::from("settings.");
    write_segment(&mut key, name);
    key
}

fn unknown_group(name: &str, known: &[&str]) -> Error {
    let hint = if name == "settings" {
        Some("give the content of `settings`, without that word around it".to_owned())
    } else {
        nearest(name, known).map(|guess| format!("did you mean `{guess}`?"))
    };
    Error::new(group_key(name), unknown("field", name, known)).with_hint(hint)
}
