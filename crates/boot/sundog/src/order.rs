//! In which order generators run: a setting that others are made of comes
//! before them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use settings_model::Key;

use crate::Due;
use crate::generator::Generator;

/// All generators that can run, and why the others cannot.
#[derive(Debug, Default)]
pub struct Order<'a> {
    /// Each level needs only what is in those before it.
    pub levels: Vec<Vec<(&'a Key, &'a Generator)>>,
    /// What needs itself.
    pub cycles: Vec<Cycle>,
}

/// Settings each of which is made of the next, and the last of the first.
#[derive(Debug, PartialEq, Eq)]
pub struct Cycle(pub Vec<Key>);

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cycle(keys) = self;
        let names: Vec<String> = keys
            .iter()
            .chain(keys.first())
            .map(Key::with_prefix)
            .collect();
        write!(
            f,
            "settings are generated from each other in a circle: {}",
            names.join(" needs ")
        )
    }
}

/// Puts generators in order.
pub fn of(generators: &Due) -> Order<'_> {
    let mut waiting: BTreeMap<&Key, BTreeSet<&Key>> = generators
        .iter()
        .map(|(key, generator)| (key, needs(generators, generator)))
        .collect();
    let mut order = Order::default();
    loop {
        let ready: Vec<&Key> = waiting
            .iter()
            .filter(|(_, needs)| needs.is_empty())
            .map(|(key, _)| *key)
            .collect();
        if ready.is_empty() {
            // Those that go round stop nobody else: what needs them runs
            // without their values.
            let Some(cycle) = cycle(&waiting) else {
                return order;
            };
            remove(&mut waiting, &cycle);
            order
                .cycles
                .push(Cycle(cycle.into_iter().cloned().collect()));
            continue;
        }
        remove(&mut waiting, &ready);
        let level = ready
            .into_iter()
            .filter_map(|key| generators.get_key_value(key));
        order.levels.push(level.collect());
    }
}

/// The settings that a generator needs and that are still to be generated.
fn needs<'a>(generators: &'a Due, generator: &Generator) -> BTreeSet<&'a Key> {
    let mut found = BTreeSet::new();
    for needed in generator.needs() {
        // A group is made of what is in it.
        let below = |key: &&Key| {
            key.segments().starts_with(needed.segments())
                || needed.segments().starts_with(key.segments())
        };
        found.extend(generators.keys().filter(below));
    }
    found
}

fn remove<'a>(waiting: &mut BTreeMap<&'a Key, BTreeSet<&'a Key>>, done: &[&'a Key]) {
    waiting.retain(|key, needs| {
        needs.retain(|need| !done.contains(need));
        !done.contains(key)
    });
}

/// A circle, starting at its first key; `None` if nothing waits. Everything
/// that waits needs something that does.
fn cycle<'a>(waiting: &BTreeMap<&'a Key, BTreeSet<&'a Key>>) -> Option<Vec<&'a Key>> {
    let mut path: Vec<&Key> = vec![waiting.keys().next()?];
    loop {
        let next = waiting.get(path.last()?)?.first()?;
        if let Some(start) = path.iter().position(|key| key == next) {
            let mut cycle = path.split_off(start);
            let first = cycle.iter().enumerate().min_by_key(|(_, key)| **key)?.0;
            cycle.rotate_left(first);
            return Some(cycle);
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn due(generators: &[(&str, &[&str])]) -> Due {
        let one = |(key, needs): &(&str, &[&str])| {
            let references = needs.iter().map(|n| format!("{{{{ settings.{n} }}}}"));
            let mut generator = Generator::new(format!("schnauzer {key}"));
            generator.template = Some(references.collect());
            (key.parse().unwrap(), generator)
        };
        generators.iter().map(one).collect()
    }

    fn names(order: &Order) -> Vec<Vec<String>> {
        let level = |level: &Vec<(&Key, &Generator)>| {
            let keys = level.iter().map(|(key, _)| key.to_string());
            keys.collect()
        };
        order.levels.iter().map(level).collect()
    }

    #[test]
    fn what_others_need_comes_first() {
        let generators = due(&[
            ("a", &["b.c", "motd"]),
            ("b.c", &["d"]),
            ("d", &[]),
            ("e", &["b"]),
            ("f", &["d.deeper"]),
        ]);
        let order = of(&generators);
        assert_eq!(names(&order), [vec!["d"], vec!["b.c", "f"], vec!["a", "e"]]);
        assert_eq!(order.cycles, []);
    }

    #[test]
    fn circles_are_named_and_stop_nobody_else() {
        let generators = due(&[
            ("a", &["c"]),
            ("b", &["a"]),
            ("c", &["b"]),
            ("d", &["a"]),
            ("e", &[]),
            ("self", &["self"]),
        ]);
        let order = of(&generators);
        assert_eq!(names(&order), [vec!["e"], vec!["d"]]);
        let cycles: Vec<String> = order.cycles.iter().map(ToString::to_string).collect();
        assert_eq!(
            cycles,
            [
                "settings are generated from each other in a circle: settings.a needs settings.c \
                 needs settings.b needs settings.a",
                "settings are generated from each other in a circle: settings.self needs \
                 settings.self",
            ]
        );
    }

    #[test]
    fn a_broken_template_needs_nothing() {
        let mut generators = due(&[("a", &[])]);
        generators
            .values_mut()
            .for_each(|g| g.template = Some("{{".into()));
        assert_eq!(names(&of(&generators)), [["a"]]);
    }

    proptest! {
        #[test]
        fn everything_runs_after_what_it_needs_or_is_in_a_circle(
            needs in prop::collection::vec(prop::collection::btree_set(0..8_usize, 0..3), 8)
        ) {
            let names: Vec<String> = (0..8).map(|n| format!("k{n}")).collect();
            let named: Vec<Vec<&str>> = needs
                .iter()
                .map(|needs| needs.iter().map(|n| names[*n].as_str()).collect())
                .collect();
            let written: Vec<(&str, &[&str])> = names
                .iter()
                .zip(&named)
                .map(|(name, needs)| (name.as_str(), needs.as_slice()))
                .collect();
            let generators = due(&written);
            let order = of(&generators);
            let circular: BTreeSet<&Key> = order.cycles.iter().flat_map(|c| &c.0).collect();
            let mut done: BTreeSet<&Key> = circular.clone();
            for level in &order.levels {
                for (_, generator) in level {
                    for need in generator.needs() {
                        prop_assert!(done.contains(&need));
                    }
                }
                done.extend(level.iter().map(|(key, _)| *key));
            }
            prop_assert_eq!(done.len(), 8);
            for Cycle(keys) in &order.cycles {
                for (at, key) in keys.iter().enumerate() {
                    let next = &keys[(at + 1) % keys.len()];
                    prop_assert!(generators[key].needs().contains(next));
                }
            }
        }
    }
}
