//! The kinds of steps a migration consists of.

use serde_json::Value;

use crate::Direction;
use crate::key::Pattern;
use crate::payload::Setting;

/// The layer of values that the node finds out by itself.
const GENERATED: &str = "generated";

/// One change of what settings there are or what they mean.
///
/// A setting is named as in the store (`motd`, `kernel.sysctl."vm.swappiness"`),
/// without `settings.` before it. The name stands for all below it too, so a
/// whole group is named like a single key; `*` stands for any one name
/// (`host-containers.*.source`).
#[derive(Debug)]
pub struct Step(Kind);

#[derive(Debug)]
enum Kind {
    Rename {
        from: Pattern,
        to: Pattern,
    },
    Remove(Pattern),
    Add(Pattern),
    Regenerate(Pattern),
    Replace {
        name: Pattern,
        from: Value,
        to: Value,
    },
    ReplaceItem {
        name: Pattern,
        from: Value,
        to: Value,
    },
    Convert {
        name: Pattern,
        forward: fn(&Value) -> Value,
        backward: fn(&Value) -> Value,
    },
}

impl Step {
    /// A setting or a group is called otherwise. `to` has as many `*` as
    /// `from`: they stand for the same names.
    ///
    /// # Panics
    ///
    /// If it has not: no migration with such a step passes its test.
    pub fn rename(from: &str, to: &str) -> Step {
        let (from, to) = (Pattern::new(from), Pattern::new(to));
        assert_eq!(
            from.wildcards(),
            to.wildcards(),
            "both names of a renamed setting must have as many `*`"
        );
        Step(Kind::Rename { from, to })
    }

    /// The new version has a setting or a group no more. It is there again
    /// after a downgrade.
    pub fn remove(name: &str) -> Step {
        Step(Kind::Remove(Pattern::new(name)))
    }

    /// The new version has a setting or a group that the old one does not
    /// know. Its default comes with the image, so forward nothing happens
    /// (unless it was set before a downgrade); backward it is set aside.
    pub fn add(name: &str) -> Step {
        Step(Kind::Add(Pattern::new(name)))
    }

    /// Another generator finds the value of a setting, or the same one
    /// otherwise (its template, its options): what the other version generated
    /// counts no more, what people set does.
    ///
    /// Other metadata of settings (services, configuration files and their
    /// templates) is part of the image and never stored: nothing to migrate.
    pub fn regenerate(name: &str) -> Step {
        Step(Kind::Regenerate(Pattern::new(name)))
    }

    /// Where a setting has one value, it gets another. For defaults this needs
    /// no step, they come with the image.
    pub fn replace(name: &str, from: impl Into<Value>, to: impl Into<Value>) -> Step {
        Step(Kind::Replace {
            name: Pattern::new(name),
            from: from.into(),
            to: to.into(),
        })
    }

    /// Wherever a list has one item, it gets another.
    pub fn replace_item(name: &str, from: impl Into<Value>, to: impl Into<Value>) -> Step {
        Step(Kind::ReplaceItem {
            name: Pattern::new(name),
            from: from.into(),
            to: to.into(),
        })
    }

    /// A value is written otherwise: another unit, a list in place of a single
    /// value. A function gets any value that is stored, and returns those that
    /// are not its business as they are.
    pub fn convert(
        name: &str,
        forward: fn(&Value) -> Value,
        backward: fn(&Value) -> Value,
    ) -> Step {
        Step(Kind::Convert {
            name: Pattern::new(name),
            forward,
            backward,
        })
    }

    /// What a setting of one version is in the other; `None` if that has no
    /// place for it.
    pub(crate) fn becomes(
        &self,
        direction: Direction,
        layer: &str,
        key: &str,
        value: &Value,
    ) -> Option<Setting> {
        let forward = direction == Direction::Forward;
        let same_key = |value: Value| Setting {
            key: key.to_owned(),
            value,
        };
        let new_value = match &self.0 {
            Kind::Rename { from, to } => {
                let (from, to) = if forward { (from, to) } else { (to, from) };
                let renamed = from.replace(key, to).unwrap_or_else(|| key.to_owned());
                return Some(Setting {
                    key: renamed,
                    value: value.clone(),
                });
            }
            Kind::Remove(name) if forward && name.covers(key) => return None,
            Kind::Add(name) if !forward && name.covers(key) => return None,
            Kind::Regenerate(name) if layer == GENERATED && name.covers(key) => return None,
            Kind::Remove(_) | Kind::Add(_) | Kind::Regenerate(_) => value.clone(),
            Kind::Replace { name, .. }
            | Kind::ReplaceItem { name, .. }
            | Kind::Convert { name, .. }
                if !name.covers(key) =>
            {
                value.clone()
            }
            Kind::Replace { from, to, .. } => {
                let (from, to) = if forward { (from, to) } else { (to, from) };
                swap(value, from, to)
            }
            Kind::ReplaceItem { from, to, .. } => {
                let (from, to) = if forward { (from, to) } else { (to, from) };
                match value {
                    Value::Array(items) => items.iter().map(|i| swap(i, from, to)).collect(),
                    other => other.clone(),
                }
            }
            Kind::Convert {
                forward: convert, ..
            } if forward => convert(value),
            Kind::Convert { backward, .. } => backward(value),
        };
        Some(same_key(new_value))
    }
}

fn swap(value: &Value, from: &Value, to: &Value) -> Value {
    if value == from { to } else { value }.clone()
}
