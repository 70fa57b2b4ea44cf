//! Each kind of step, and what comes between the way there and the way back.

use serde_json::{Value, json};

use super::{entry, payload, values};
use crate::Direction::{Backward, Forward};
use crate::{Error, Migration, Step};

fn seconds_to_millis(value: &Value) -> Value {
    match value.as_u64() {
        Some(seconds) => json!(seconds * 1000),
        None => value.clone(),
    }
}

fn millis_to_seconds(value: &Value) -> Value {
    match value.as_u64() {
        Some(millis) => json!(millis / 1000),
        None => value.clone(),
    }
}

fn wait() -> Step {
    Step::convert("wait", seconds_to_millis, millis_to_seconds)
}

/// What the old version stored, what the new one finds, and what the old one
/// finds if the new one stored that itself.
#[test]
fn each_kind_there_and_back() {
    let cases: Vec<(&str, Vec<Step>, Value, Value, Value)> = vec![
        (
            "a migration without steps",
            vec![],
            json!({"a": 1}),
            json!({"a": 1}),
            json!({"a": 1}),
        ),
        (
            "a renamed key",
            vec![Step::rename("motd", "message")],
            json!({"motd": "m", "motds": 1}),
            json!({"message": "m", "motds": 1}),
            json!({"motd": "m", "motds": 1}),
        ),
        (
            "a renamed group",
            vec![Step::rename("boot.kernel", "boot.kernel-parameters")],
            json!({"boot.kernel.quiet": [], "boot.kernel.\"a.b\"": ["1"], "boot.init.x": []}),
            json!({"boot.kernel-parameters.quiet": [], "boot.kernel-parameters.\"a.b\"": ["1"], "boot.init.x": []}),
            json!({"boot.kernel.quiet": [], "boot.kernel.\"a.b\"": ["1"], "boot.init.x": []}),
        ),
        (
            "a key renamed in each of a group",
            vec![Step::rename("c.*.source", "c.*.image")],
            json!({"c.admin.source": "s", "c.admin.enabled": true}),
            json!({"c.admin.image": "s", "c.admin.enabled": true}),
            json!({"c.admin.source": "s", "c.admin.enabled": true}),
        ),
        (
            "swapped names",
            vec![
                Step::rename("a", "tmp"),
                Step::rename("b", "a"),
                Step::rename("tmp", "b"),
            ],
            json!({"a": 1, "b": 2}),
            json!({"a": 2, "b": 1}),
            json!({"a": 1, "b": 2}),
        ),
        (
            "a renamed key whose new name was taken by something unknown",
            vec![Step::rename("a", "b")],
            json!({"a": 1, "b": 2}),
            json!({"b": 1}),
            json!({"a": 1}),
        ),
        (
            "a removed group",
            vec![Step::remove("k")],
            json!({"k.a": 1, "k.b": 2, "m": 3}),
            json!({"m": 3}),
            json!({"m": 3}),
        ),
        (
            "an added key that was set before a downgrade",
            vec![Step::add("k")],
            json!({"m": 3}),
            json!({"m": 3}),
            json!({"m": 3}),
        ),
        (
            "a replaced value",
            vec![Step::replace("c.*.source", "old:1", "new:1")],
            json!({"c.a.source": "old:1", "c.b.source": "mine", "d": "old:1"}),
            json!({"c.a.source": "new:1", "c.b.source": "mine", "d": "old:1"}),
            json!({"c.a.source": "old:1", "c.b.source": "mine", "d": "old:1"}),
        ),
        (
            "a replaced value, where both occur",
            vec![Step::replace("l.*", "a", "b")],
            json!({"l.x": "a", "l.y": "b"}),
            json!({"l.x": "b", "l.y": "b"}),
            json!({"l.x": "a", "l.y": "a"}),
        ),
        (
            "a replaced list",
            vec![Step::replace("l", json!(["a", "b"]), json!(["c"]))],
            json!({"l": ["a", "b"]}),
            json!({"l": ["c"]}),
            json!({"l": ["a", "b"]}),
        ),
        (
            "a replaced item of lists",
            vec![Step::replace_item("l", "a", "b")],
            json!({"l": ["x", "a", "b"], "l.scalar": "a"}),
            json!({"l": ["x", "b", "b"], "l.scalar": "a"}),
            json!({"l": ["x", "a", "a"], "l.scalar": "a"}),
        ),
        (
            "a converted value",
            vec![wait()],
            json!({"wait": 3, "wait.x": "3s"}),
            json!({"wait": 3000, "wait.x": "3s"}),
            json!({"wait": 3, "wait.x": "3s"}),
        ),
        (
            "another generator does not touch what people set",
            vec![Step::regenerate("k")],
            json!({"k": 1}),
            json!({"k": 1}),
            json!({"k": 1}),
        ),
        (
            "several steps",
            vec![
                Step::remove("a"),
                Step::rename("b", "a"),
                Step::replace("a", 1, 2),
            ],
            json!({"a": 0, "b": 1}),
            json!({"a": 2}),
            json!({"b": 1}),
        ),
    ];
    for (name, steps, old, new, without_aside) in cases {
        let migration = Migration::new("m", steps);
        let start = payload(old);
        let there = migration.apply(Forward, start.clone()).unwrap();
        assert_eq!(values(&there), new, "{name}");
        assert_eq!(migration.apply(Backward, there).unwrap(), start, "{name}");
        let back = migration.apply(Backward, payload(new)).unwrap();
        assert_eq!(values(&back), without_aside, "{name}");
    }
}

#[test]
fn a_generated_value_is_generated_anew_by_each_version() {
    let migration = Migration::new("m", [Step::regenerate("k")]);
    let generated = |value: Value| {
        let mut payload = payload(json!({"x": 1}));
        payload["layers"]["generated"] = json!({"k": entry(&value)});
        payload
    };
    let mut there = migration.apply(Forward, generated(json!("old"))).unwrap();
    assert_eq!(there["layers"].get("generated"), None);
    there["layers"]["generated"] = json!({"k": entry(&json!("new"))});
    let back = migration.apply(Backward, there.clone()).unwrap();
    assert_eq!(back["layers"], generated(json!("old"))["layers"]);
    assert_eq!(migration.apply(Forward, back).unwrap(), there);
}

#[test]
fn what_the_old_version_does_not_know_waits_for_the_next_upgrade() {
    let migration = Migration::new("m", [Step::add("new")]);
    let start = payload(json!({"new": 1, "other": 2}));
    let back = migration.apply(Backward, start.clone()).unwrap();
    assert_eq!(values(&back), json!({"other": 2}));
    assert_eq!(migration.apply(Forward, back).unwrap(), start);
}

#[test]
fn changes_since_count_more_than_what_was_set_aside() {
    let migration = Migration::new("m", [wait()]);
    let later = |payload: &mut Value, value: Value| {
        payload["layers"]["api"]["wait"] = entry(&value);
        payload["layers"]["api"]["wait"]["time"] = json!("2026-02-02T00:00:00Z");
    };
    // 1500 ms are no whole seconds: set aside on the way back.
    let start = payload(json!({"wait": 1500}));
    let mut back = migration.apply(Backward, start).unwrap();
    assert_eq!(values(&back), json!({"wait": 1}));
    assert!(back.get("set-aside").is_some());
    // The same value, but set by somebody who meant it.
    later(&mut back, json!(1));
    let there = migration.apply(Forward, back.clone()).unwrap();
    assert_eq!(values(&there), json!({"wait": 1000}));
    assert_eq!(there.get("set-aside"), None);
    // Unset by somebody.
    back["layers"]["api"] = json!({});
    let there = migration.apply(Forward, back).unwrap();
    assert_eq!(values(&there), json!({}));
}

#[test]
fn the_form_of_set_aside_is_fixed() {
    let migration = Migration::new("v9.9.9-test", [Step::add("x"), Step::remove("a"), wait()]);
    let there = migration
        .apply(Forward, payload(json!({"a": 1, "wait": 2})))
        .unwrap();
    assert_eq!(
        there["set-aside"],
        json!({"v9.9.9-test 1 forward": {"api": {"a": {"entry": entry(&json!(1))}}}})
    );
    let back = migration
        .apply(Backward, payload(json!({"wait": 2500})))
        .unwrap();
    assert_eq!(
        back["set-aside"],
        json!({"v9.9.9-test 2 backward": {"api": {"wait": {
            "entry": entry(&json!(2500)),
            "became": {"key": "wait", "value": 2},
        }}}})
    );
}

#[test]
fn what_is_no_payload_is_refused() {
    let migration = Migration::new("m", [Step::remove("a")]);
    let cases = [
        (json!([]), "it is no object"),
        (json!({"layers": {}}), "its format is missing"),
        (json!({"format": 2, "layers": {}}), "has format 2"),
        (json!({"format": 1}), "its layers are missing"),
        (json!({"format": 1, "layers": []}), "layers: invalid type"),
        (
            json!({"format": 1, "layers": {"api": {"a": {}}}}),
            "layers: an entry has no value",
        ),
        (
            json!({"format": 1, "layers": {}, "set-aside": []}),
            "set-aside: it is no object",
        ),
        (
            json!({"format": 1, "layers": {}, "set-aside": {"m 0 backward": 1}}),
            "set-aside: m 0 backward: invalid type",
        ),
    ];
    for (payload, message) in cases {
        let error: Error = migration.apply(Forward, payload).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
#[should_panic(expected = "as many `*`")]
fn a_rename_that_loses_a_name_is_a_mistake() {
    Step::rename("a.*.b", "a.b");
}
