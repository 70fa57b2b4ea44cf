//! The store against a simple model of it, over random histories.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::Error;

#[derive(Debug, Clone)]
enum Step {
    Stage(u8, Layer, u8, u16),
    Unset(u8, u8),
    Commit(u8),
    Drop(u8),
    Rollback(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let layer = prop_oneof![
        Just(Layer::Generated),
        Just(Layer::UserData),
        Just(Layer::Api)
    ];
    let step = prop_oneof![
        4 => (0..3u8, layer, 0..4u8, any::<u16>()).prop_map(|(t, l, k, v)| Step::Stage(t, l, k, v)),
        2 => (0..3u8, 0..4u8).prop_map(|(t, k)| Step::Unset(t, k)),
        4 => (0..3u8).prop_map(Step::Commit),
        1 => (0..3u8).prop_map(Step::Drop),
        1 => (0..12u64).prop_map(Step::Rollback),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..32)
}

type Values = BTreeMap<(u8, Layer), u16>;

#[derive(Debug, Default, Clone)]
struct Staged {
    sets: Values,
    unsets: BTreeSet<u8>,
}

/// What the store is, without a disk.
#[derive(Debug)]
struct Expected {
    live: Values,
    staged: BTreeMap<u8, Staged>,
    generations: Vec<Values>,
}

impl Expected {
    fn unset(&mut self, transaction: u8, k: u8) {
        let has = |values: &Values| values.keys().any(|(key, _)| *key == k);
        let staged = self.staged.entry(transaction).or_default();
        staged.sets.retain(|(key, _), _| *key != k);
        if has(&self.live) {
            staged.unsets.insert(k);
        }
        if staged.sets.is_empty() && staged.unsets.is_empty() {
            self.staged.remove(&transaction);
        }
    }

    fn after(&self, staged: &Staged) -> Values {
        let mut live = self.live.clone();
        for k in &staged.unsets {
            let strongest = live.keys().rfind(|(key, _)| key == k).copied();
            strongest.and_then(|top| live.remove(&top));
        }
        live.extend(staged.sets.clone());
        live
    }

    fn commit(&mut self, live: Values) {
        self.generations.push(live.clone());
        self.live = live;
    }
}

fn sysctl(k: u8) -> Key {
    key(&format!("kernel.sysctl.k{k}"))
}

fn tree_of(below: Value, values: &Values) -> Value {
    let mut tree = below;
    // In the order of key and layer, so the strongest comes last.
    for ((k, _), value) in values {
        settings_model::tree::set(&mut tree, &sysctl(*k), json!(value.to_string()));
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_as_expected(steps in steps()) {
        let base = tempfile::tempdir().unwrap();
        let mut store = open(base.path());
        let mut expected = Expected {
            live: Values::new(),
            staged: BTreeMap::new(),
            generations: Vec::new(),
        };
        for step in steps {
            match step {
                Step::Stage(t, layer, k, v) => {
                    let changes = json!({"kernel": {"sysctl": {format!("k{k}"): v.to_string()}}});
                    store.stage(&transaction(t), layer, &changes, "w").unwrap();
                    let staged = expected.staged.entry(t).or_default();
                    staged.sets.insert((k, layer), v);
                    staged.unsets.remove(&k);
                }
                Step::Unset(t, k) => {
                    store.stage_unset(&transaction(t), &[sysctl(k)]).unwrap();
                    expected.unset(t, k);
                }
                Step::Commit(t) => {
                    let before = store.snapshot();
                    let checked = store.check(&transaction(t));
                    let committed = store.commit(&transaction(t), "w");
                    prop_assert_eq!(committed.is_ok(), expected.staged.contains_key(&t));
                    prop_assert_eq!(committed.is_ok(), checked.is_ok());
                    if let (Some(staged), Ok((settings, _))) = (expected.staged.remove(&t), checked) {
                        let live = expected.after(&staged);
                        expected.commit(live);
                        prop_assert_eq!(&settings, &*store.effective());
                    }
                    // It is what it was, whatever has happened since.
                    prop_assert_eq!(before.text(), before.effective().to_string());
                }
                Step::Drop(t) => {
                    store.drop_transaction(&transaction(t)).unwrap();
                    expected.staged.remove(&t);
                }
                Step::Rollback(number) => {
                    let result = store.rollback(number, "w");
                    let newest = expected.generations.len() as u64;
                    if number == 0 || number > newest || number + 16 <= newest {
                        prop_assert!(matches!(result, Err(Error::NoGeneration(n)) if n == number));
                    } else {
                        let wanted = expected.generations[number as usize - 1].clone();
                        prop_assert_eq!(result.unwrap().is_empty(), wanted == expected.live);
                        if wanted != expected.live {
                            expected.commit(wanted);
                        }
                    }
                }
                Step::Reopen => {
                    drop(store);
                    store = open(base.path());
                }
            }
            prop_assert_eq!(&*store.effective(), &tree_of(defaults(), &expected.live));
            prop_assert_eq!(store.text(), store.effective().to_string());
            prop_assert_eq!(store.generation(), expected.generations.len() as u64);
            for t in 0..3 {
                let staged = expected.staged.get(&t).cloned().unwrap_or_default();
                let pending = store.pending(&transaction(t));
                prop_assert_eq!(pending, tree_of(json!({}), &staged.sets));
                prop_assert_eq!(changed(&store, t), {
                    let after = tree_of(defaults(), &expected.after(&staged));
                    different(&store.effective(), &after)
                });
            }
            prop_assert_eq!(store.warnings(), [] as [&str; 0]);
        }
    }
}

fn transaction(number: u8) -> TransactionName {
    name(&format!("t{number}"))
}

/// What the store says that a transaction changes.
fn changed(store: &Store, t: u8) -> Vec<Key> {
    let changes = store.changes(&transaction(t));
    changes.into_iter().map(|change| change.key).collect()
}

/// The leaves that two trees do not share.
fn different(one: &Value, other: &Value) -> Vec<Key> {
    let leaves = |tree| settings_model::tree::flatten(tree).unwrap();
    let (one, other) = (leaves(one), leaves(other));
    let keys: BTreeSet<&Key> = one.keys().chain(other.keys()).collect();
    let keys = keys.into_iter().filter(|k| one.get(k) != other.get(k));
    keys.cloned().collect()
}
