//! The store against a simple model of it, over random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Stage(u8, Layer, u8, u16),
    Commit(u8),
    Drop(u8),
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
        3 => (0..3u8).prop_map(Step::Commit),
        1 => (0..3u8).prop_map(Step::Drop),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..24)
}

type Values = BTreeMap<(u8, Layer), u16>;

fn tree_of(below: Value, values: &Values) -> Value {
    let mut tree = below;
    // In the order of key and layer, so the strongest comes last.
    for ((key, _), value) in values {
        let key: Key = format!("kernel.sysctl.k{key}").parse().expect("a key");
        settings_model::tree::set(&mut tree, &key, json!(value.to_string()));
    }
    tree
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_as_expected(steps in steps()) {
        let base = tempfile::tempdir().unwrap();
        let mut store = open(base.path());
        let mut live = Values::new();
        let mut open_transactions: BTreeMap<u8, Values> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Stage(t, layer, k, v) => {
                    let changes = json!({"kernel": {"sysctl": {format!("k{k}"): v.to_string()}}});
                    store.stage(&name(&format!("t{t}")), layer, &changes, "w").unwrap();
                    open_transactions.entry(t).or_default().insert((k, layer), v);
                }
                Step::Commit(t) => {
                    let committed = store.commit(&name(&format!("t{t}")), "w");
                    prop_assert_eq!(committed.is_ok(), open_transactions.contains_key(&t));
                    live.extend(open_transactions.remove(&t).unwrap_or_default());
                }
                Step::Drop(t) => {
                    store.drop_transaction(&name(&format!("t{t}"))).unwrap();
                    open_transactions.remove(&t);
                }
                Step::Reopen => {
                    drop(store);
                    store = open(base.path());
                }
            }
            prop_assert_eq!(&*store.effective(), &tree_of(defaults(), &live));
            for t in 0..3 {
                let expected = open_transactions.get(&t).cloned().unwrap_or_default();
                prop_assert_eq!(store.pending(&name(&format!("t{t}"))), tree_of(json!({}), &expected));
            }
            prop_assert_eq!(store.warnings(), [] as [&str; 0]);
        }
    }
}
