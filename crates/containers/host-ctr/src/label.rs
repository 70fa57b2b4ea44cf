//! SELinux labels of containers.

use aws_lc_rs::digest::{SHA256, digest};

use crate::Container;

/// Categories that there are.
const CATEGORIES: u16 = 1024;

/// A container's labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    /// Of its processes.
    pub process: String,
    /// Of its files.
    pub files: String,
}

impl Labels {
    /// Superpowered containers are in a domain of their own. The others have two
    /// categories that follow from their names, and see no files of each other.
    pub(crate) fn of(container: &Container) -> Self {
        let (domain, level) = match container.superpowered {
            true => ("super_t", "s0".to_owned()),
            false => ("control_t", level(&container.id)),
        };
        Self {
            process: format!("system_u:system_r:{domain}:{level}"),
            files: format!("system_u:object_r:container_data_t:{level}"),
        }
    }
}

fn level(id: &str) -> String {
    let digest = digest(&SHA256, id.as_bytes());
    let number = |at: usize| {
        let bytes = digest.as_ref();
        u16::from_le_bytes([bytes[at], bytes[at + 1]]) % CATEGORIES
    };
    let (first, mut second) = (number(0), number(2));
    if first == second {
        second = (second + 1) % CATEGORIES;
    }
    format!("s0:c{},c{}", first.min(second), first.max(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    #[test]
    fn each_name_has_two_categories_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for id in ["control", "admin", "a", "b", "c"] {
            let container = Container {
                id: id.to_owned(),
                kind: Kind::Host,
                superpowered: false,
                user_data: None,
                command: Vec::new(),
            };
            let labels = Labels::of(&container);
            assert_eq!(labels, Labels::of(&container));
            let level = labels.process.rsplit_once("control_t:").expect("a level").1;
            assert!(labels.files.ends_with(&format!("container_data_t:{level}")));
            assert_eq!(level.matches(",c").count(), 1, "{level}");
            assert!(seen.insert(level.to_owned()));
        }
    }
}
