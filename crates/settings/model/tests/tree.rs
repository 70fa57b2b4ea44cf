//! Trees: taking apart and putting together, laying over and taking away.

use proptest::prelude::*;
use serde_json::{Value, json};
use settings_model::{Key, tree};

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

#[test]
fn trees_are_laid_over_each_other() {
    for (name, below, above, result) in [
        (
            "nothing over something",
            json!({"a": 1}),
            json!({}),
            json!({"a": 1}),
        ),
        (
            "not set",
            json!({"a": 1}),
            json!({"a": null, "b": {}}),
            json!({"a": 1}),
        ),
        (
            "a leaf",
            json!({"a": {"b": 1, "c": 2}}),
            json!({"a": {"b": 3}}),
            json!({"a": {"b": 3, "c": 2}}),
        ),
        (
            "a list as a whole",
            json!({"a": [1, 2]}),
            json!({"a": [3]}),
            json!({"a": [3]}),
        ),
        (
            "a branch over a leaf",
            json!({"a": 1}),
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 1}}),
        ),
        (
            "an empty branch over a leaf",
            json!({"a": 1}),
            json!({"a": {"b": null}}),
            json!({"a": 1}),
        ),
        (
            "a leaf over a branch",
            json!({"a": {"b": 1}}),
            json!({"a": 1}),
            json!({"a": 1}),
        ),
    ] {
        let mut merged = below;
        tree::merge(&mut merged, &above);
        assert_eq!(merged, result, "{name}");
    }
}

#[test]
fn leaves_are_found_and_removed_with_their_empty_branches() {
    let whole = json!({"a": {"b": {"c": 1}, "d.e": [2]}, "f": 3});
    for (text, found, left) in [
        ("a.b.c", Some(json!(1)), json!({"a": {"d.e": [2]}, "f": 3})),
        (
            "a.b",
            Some(json!({"c": 1})),
            json!({"a": {"d.e": [2]}, "f": 3}),
        ),
        (
            r#"a."d.e""#,
            Some(json!([2])),
            json!({"a": {"b": {"c": 1}}, "f": 3}),
        ),
        (
            "a",
            Some(json!({"b": {"c": 1}, "d.e": [2]})),
            json!({"f": 3}),
        ),
        ("f.g", None, whole.clone()),
        ("a.d.e", None, whole.clone()),
    ] {
        let mut tree = whole.clone();
        assert_eq!(tree::get(&tree, &key(text)), found.as_ref(), "{text}");
        assert_eq!(tree::unset(&mut tree, &key(text)), found, "{text}");
        assert_eq!(tree, left, "{text}");
    }
}

#[test]
fn a_prefix_may_end_in_a_name() {
    let whole = json!({"host-containers": {"admin": 1}, "hostname": 2, "motd": 3, "k": {"a.b": 4}});
    for (prefix, part) in [
        (
            "host",
            json!({"host-containers": {"admin": 1}, "hostname": 2}),
        ),
        ("host-containers.", json!({"host-containers": {"admin": 1}})),
        ("motd", json!({"motd": 3})),
        ("motd.", json!({})),
        ("k.\"a", json!({"k": {"a.b": 4}})),
        ("", whole.clone()),
    ] {
        assert_eq!(tree::with_prefix(&whole, prefix).unwrap(), part, "{prefix}");
    }
}

#[test]
fn names_no_key_can_hold_are_refused() {
    for bad in [json!({"": 1}), json!({"a": {"b\n": 1}}), json!(1)] {
        assert!(tree::flatten(&bad).is_err(), "{bad}");
    }
}

fn trees() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z.\"\\\\]{0,4}".prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::from),
    ];
    let node = leaf.prop_recursive(4, 24, 4, |inner| {
        prop::collection::btree_map("[a-c.\"\\\\]{1,2}", inner, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    });
    prop::collection::btree_map("[a-c]", node, 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

proptest! {
    #[test]
    fn taken_apart_and_put_together_is_the_same(whole in trees()) {
        let leaves = tree::flatten(&whole).unwrap();
        let mut pruned = whole.clone();
        tree::prune(&mut pruned);
        prop_assert_eq!(tree::nest(&leaves), pruned);
    }

    #[test]
    fn laying_over_is_setting_each_leaf(below in trees(), above in trees()) {
        let mut merged = below.clone();
        tree::merge(&mut merged, &above);
        let mut set = below;
        for (key, value) in tree::flatten(&above).unwrap() {
            tree::set(&mut set, &key, value);
        }
        prop_assert_eq!(merged, set);
    }

    #[test]
    fn what_was_added_can_be_taken_away(whole in trees(), name in "[d-f]{1,3}", value in any::<i64>()) {
        let mut before = whole;
        tree::prune(&mut before);
        let added = Key::new(["x", name.as_str()]).unwrap();
        let mut tree = before.clone();
        tree::set(&mut tree, &added, value.into());
        prop_assert_eq!(tree::get(&tree, &added), Some(&Value::from(value)));
        tree::unset(&mut tree, &added).unwrap();
        prop_assert_eq!(tree, before);
    }
}
