//! What is said about settings, in the shape of their tree.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::declared::Generator;

/// What is said about a setting, and about those below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Node {
    affected_services: Option<Vec<String>>,
    template: Option<String>,
    setting_generator: Option<Generator>,
    #[serde(flatten)]
    children: BTreeMap<String, Node>,
}

impl Node {
    /// The nodes from the root to `key`, or as far as there are any.
    fn path<S: AsRef<str>>(&self, key: &[S]) -> Vec<&Node> {
        let mut path = vec![self];
        let mut node = self;
        for segment in key {
            let Some(child) = node.children.get(segment.as_ref()) else {
                break;
            };
            path.push(child);
            node = child;
        }
        path
    }

    pub(super) fn template<S: AsRef<str>>(&self, key: &[S]) -> Option<&str> {
        let path = self.path(key);
        path.into_iter()
            .rev()
            .find_map(|node| node.template.as_deref())
    }

    pub(super) fn affected_services<S: AsRef<str>>(&self, key: &[S]) -> BTreeSet<&str> {
        let path = self.path(key);
        let mut found = BTreeSet::new();
        if path.len() == key.len() + 1
            && let Some(node) = path.last()
        {
            node.collect_services(&mut found);
        }
        let nearest = path
            .iter()
            .rev()
            .find_map(|node| node.affected_services.as_ref());
        found.extend(nearest.into_iter().flatten().map(String::as_str));
        found
    }

    /// Every service that is named here or below.
    pub(super) fn collect_services<'a>(&'a self, into: &mut BTreeSet<&'a str>) {
        into.extend(self.affected_services.iter().flatten().map(String::as_str));
        for child in self.children.values() {
            child.collect_services(into);
        }
    }

    /// Every generator here or below, with the segments of its key after those
    /// of `prefix`.
    pub(super) fn collect_generators(
        &self,
        prefix: &mut Vec<String>,
        into: &mut Vec<(Vec<String>, Generator)>,
    ) {
        if let Some(generator) = &self.setting_generator {
            into.push((prefix.clone(), generator.clone()));
        }
        for (name, child) in &self.children {
            prefix.push(name.clone());
            child.collect_generators(prefix, into);
            prefix.pop();
        }
    }
}
