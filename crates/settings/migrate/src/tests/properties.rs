//! For every step and every payload: the way back leads to where it started.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::Direction::{Backward, Forward};
use crate::{Migration, Step};

/// Few names, so that they meet.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("c".to_owned()),
        Just("\"d.e\"".to_owned()),
    ]
}

fn key() -> impl Strategy<Value = String> {
    vec(name(), 1..4).prop_map(|names| names.join("."))
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..4u8).prop_map(Value::from),
        prop_oneof![Just("x"), Just("y"), Just("z")].prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![scalar(), vec(scalar(), 0..4).prop_map(Value::from)]
}

fn entry() -> impl Strategy<Value = Value> {
    (value(), 0..3u8).prop_map(|(value, time)| {
        json!({"value": value, "time": time.to_string(), "transaction": "t", "who": "w"})
    })
}

fn object<V: Into<Value>>(members: impl IntoIterator<Item = (String, V)>) -> Value {
    Value::Object(members.into_iter().map(|(k, v)| (k, v.into())).collect())
}

/// A payload as a store writes it, with what other migrations have set aside.
fn payload() -> impl Strategy<Value = Value> {
    let layer = prop_oneof![Just("generated"), Just("user-data"), Just("api")];
    let entries = btree_map(key(), entry(), 1..8).prop_map(object);
    let layers = btree_map(layer.prop_map(str::to_owned), entries, 0..4).prop_map(object);
    let aside = btree_map("other [0-9] (for|back)ward", any::<u8>(), 0..3);
    (layers, aside, any::<i64>()).prop_map(|(layers, aside, number)| {
        let mut payload = json!({"format": 1, "layers": layers, "unknown": [number]});
        if !aside.is_empty() {
            payload["set-aside"] = object(aside);
        }
        payload
    })
}

fn length(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.len().into(),
        other => other.clone(),
    }
}

fn nothing(_: &Value) -> Value {
    Value::Null
}

fn step() -> impl Strategy<Value = Step> {
    let pattern = || {
        prop_oneof![
            key(),
            name().prop_map(|n| format!("*.{n}")),
            name().prop_map(|n| format!("{n}.*")),
        ]
    };
    let renamed = prop_oneof![
        (key(), key()),
        (name(), name()).prop_map(|(a, b)| (format!("*.{a}"), format!("*.{b}"))),
        (name(), name()).prop_map(|(a, b)| (format!("{a}.*"), format!("*.{b}"))),
    ];
    prop_oneof![
        renamed.prop_map(|(from, to)| Step::rename(&from, &to)),
        pattern().prop_map(|name| Step::remove(&name)),
        pattern().prop_map(|name| Step::add(&name)),
        pattern().prop_map(|name| Step::regenerate(&name)),
        (pattern(), value(), value()).prop_map(|(name, from, to)| Step::replace(&name, from, to)),
        (pattern(), scalar(), scalar())
            .prop_map(|(name, from, to)| Step::replace_item(&name, from, to)),
        // Both lose nearly everything: the worst there could be.
        pattern().prop_map(|name| Step::convert(&name, length, nothing)),
    ]
}

fn migration(name: &'static str) -> impl Strategy<Value = Migration> {
    vec(step(), 0..5).prop_map(move |steps| Migration::new(name, steps))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), scalar(), Just(json!({"value": 1}))];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let name = prop_oneof![
            Just("format".to_owned()),
            Just("layers".to_owned()),
            Just("set-aside".to_owned()),
            Just("m 0 backward".to_owned()),
            Just("entry".to_owned()),
            Just("value".to_owned()),
            key(),
            any::<String>(),
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name, inner, 0..6).prop_map(object),
        ]
    })
}

proptest! {
    #[test]
    fn backward_undoes_forward(migration in migration("m"), start in payload()) {
        let there = migration.apply(Forward, start.clone()).unwrap();
        prop_assert_eq!(migration.apply(Backward, there).unwrap(), start);
    }

    #[test]
    fn forward_undoes_backward(migration in migration("m"), start in payload()) {
        let back = migration.apply(Backward, start.clone()).unwrap();
        prop_assert_eq!(migration.apply(Forward, back).unwrap(), start);
    }

    #[test]
    fn a_chain_is_undone_in_reverse(
        chain in (migration("1"), migration("2"), migration("3")),
        start in payload(),
    ) {
        let chain = [chain.0, chain.1, chain.2];
        let mut payload = start.clone();
        for migration in &chain {
            payload = migration.apply(Forward, payload).unwrap();
        }
        for migration in chain.iter().rev() {
            payload = migration.apply(Backward, payload).unwrap();
        }
        prop_assert_eq!(payload, start);
    }

    #[test]
    fn nothing_else_is_touched(migration in migration("m"), start in payload()) {
        let there = migration.apply(Forward, start.clone()).unwrap();
        prop_assert_eq!(&there["unknown"], &start["unknown"]);
        let aside = |payload: &Value| payload.get("set-aside").cloned().unwrap_or(json!({}));
        let mut others: Map<String, Value> = aside(&there).as_object().cloned().unwrap();
        others.retain(|label, _| !label.starts_with("m "));
        prop_assert_eq!(Value::Object(others), aside(&start));
        // Who set what, and when, is as before.
        for (layer, entries) in there["layers"].as_object().unwrap() {
            for entry in entries.as_object().unwrap().values() {
                let from = start["layers"][layer].as_object().unwrap();
                prop_assert!(from.values().any(|e| e["time"] == entry["time"]));
            }
        }
    }

    #[test]
    fn text_passes_through_json_as_it_is(start in payload()) {
        let text = start.to_string();
        let read: Value = serde_json::from_str(&text).unwrap();
        let there = Migration::new("m", []).apply(Forward, read).unwrap();
        prop_assert_eq!(there.to_string(), text);
    }

    #[test]
    fn anything_is_answered(migration in migration("m"), payload in any_json()) {
        for direction in [Forward, Backward] {
            let _ = migration.apply(direction, payload.clone());
            let mut wrapped = payload.clone();
            if let Value::Object(members) = &mut wrapped {
                members.insert("format".to_owned(), 1.into());
                members.entry("layers").or_insert_with(|| json!({}));
                let _ = migration.apply(direction, wrapped);
            }
        }
    }
}
