//! What the store does while nothing goes wrong.

use serde_json::json;

use super::*;
use crate::{Error, Origin};

#[test]
fn stronger_layers_cover_weaker_ones() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    assert_eq!(*store.effective(), defaults());
    assert_eq!(store.origin(&key("motd")), Some(Origin::Default));
    assert_eq!(store.origin(&key("network.hostname")), None);

    // In an order that is not that of their strength.
    for (layer, expected) in [
        (Layer::UserData, "user-data"),
        (Layer::Generated, "user-data"),
        (Layer::Api, "api"),
        (Layer::UserData, "api"),
    ] {
        let transaction = name("t");
        store
            .stage(
                &transaction,
                layer,
                &json!({"motd": layer.name()}),
                "a test",
            )
            .unwrap();
        assert_eq!(store.commit(&transaction, "a test").unwrap(), [key("motd")]);
        assert_eq!(motd(&store), expected);
    }
    let Some(Origin::Set(Layer::Api, entry)) = store.origin(&key("motd")) else {
        panic!("{:?}", store.origin(&key("motd")));
    };
    assert_eq!((&*entry.transaction, &*entry.who), ("t", "a test"));
    assert!(entry.time.ends_with('Z'), "{}", entry.time);
    // What nobody set follows the image.
    drop(store);
    let store = Store::open(
        base.path(),
        VERSION,
        Image::new(
            Model::complete(),
            json!({"motd": "other", "ntp": {"options": ["a"]}}),
        ),
    )
    .unwrap();
    assert_eq!(
        *store.effective(),
        json!({"motd": "api", "ntp": {"options": ["a"]}})
    );
}

#[test]
fn changes_are_staged_until_committed() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    let (a, b) = (name("a"), name("b"));
    assert_eq!(store.pending(&a), json!({}));
    store
        .stage(
            &a,
            Layer::Api,
            &json!({"motd": "one", "ntp": {"options": ["x"]}}),
            "w",
        )
        .unwrap();
    store
        .stage(&a, Layer::Api, &json!({"motd": "two"}), "w")
        .unwrap();
    store
        .stage(&b, Layer::Api, &json!({"network": {"hostname": "b"}}), "w")
        .unwrap();
    assert_eq!(*store.effective(), defaults());
    assert_eq!(
        store.pending(&a),
        json!({"motd": "two", "ntp": {"options": ["x"]}})
    );
    assert_eq!(store.transactions().collect::<Vec<_>>(), [&a, &b]);

    // Open transactions outlive the process.
    drop(store);
    let mut store = open(base.path());
    assert_eq!(store.warnings(), [] as [&str; 0]);
    assert_eq!(store.transactions().collect::<Vec<_>>(), [&a, &b]);
    assert_eq!(
        store.drop_transaction(&b).unwrap(),
        [key("network.hostname")]
    );
    assert_eq!(store.drop_transaction(&b).unwrap(), []);
    assert_eq!(
        store.commit(&a, "w").unwrap(),
        [key("motd"), key("ntp.options")]
    );
    assert_eq!(store.generation(), 1);
    for transaction in [&a, &b, &name("never-seen")] {
        let error = store.commit(transaction, "w").unwrap_err();
        assert!(matches!(error, Error::NothingPending(_)), "{error}");
    }

    let effective = store.effective();
    drop(store);
    let store = open(base.path());
    assert_eq!(store.effective(), effective);
    assert_eq!(store.generation(), 1);
    assert_eq!(store.transactions().count(), 0);
}

#[test]
fn staging_nothing_opens_no_transaction() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    let keys = store.stage(
        &name("a"),
        Layer::Api,
        &json!({"motd": null, "ntp": {}}),
        "w",
    );
    assert_eq!(keys.unwrap(), []);
    assert_eq!(store.transactions().count(), 0);
}

#[test]
fn bad_settings_are_refused_and_change_nothing() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    let transaction = name("a");
    for changes in [
        json!({"motd": 1}),
        json!({"mtod": "a"}),
        json!([]),
        json!({"motd": "good", "network": {"hostname": "_"}}),
    ] {
        let error = store
            .stage(&transaction, Layer::Api, &changes, "w")
            .unwrap_err();
        assert!(matches!(error, Error::Settings(_)), "{error}");
    }
    assert_eq!(store.transactions().count(), 0);

    // Each part is good, but the whole breaks a rule.
    let sysctl = |name: &str, value: &str| json!({"kernel": {"sysctl": {name: value}}});
    set(&mut store, sysctl("vm.swappiness", "1"));
    store
        .stage(&transaction, Layer::Api, &sysctl("vm/swappiness", "2"), "w")
        .unwrap();
    let error = store.commit(&transaction, "w").unwrap_err();
    assert!(matches!(error, Error::Settings(_)), "{error}");
    assert_eq!(store.generation(), 1);
    assert_eq!(store.pending(&transaction), sysctl("vm/swappiness", "2"));
    // It can be repaired in place.
    store
        .stage(&transaction, Layer::Api, &sysctl("vm/swappiness", "1"), "w")
        .unwrap();
    store.commit(&transaction, "w").unwrap();
}

#[test]
fn room_is_bounded() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    let many: serde_json::Map<String, Value> = (0..300)
        .map(|n| (format!("a.{n}"), Value::from("b".repeat(4096))))
        .collect();
    let error = store
        .stage(
            &name("large"),
            Layer::Api,
            &json!({"kernel": {"sysctl": many}}),
            "w",
        )
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLarge {
                what: "the transaction",
                ..
            }
        ),
        "{error}"
    );

    let large: Vec<String> = vec!["b".repeat(4000); 200];
    let mut refused = None;
    for n in 0..6 {
        let changes = json!({"ntp": {"options": large}});
        if let Err(e) = store.stage(&name(&format!("t{n}")), Layer::Api, &changes, "w") {
            refused = Some((n, e));
            break;
        }
    }
    assert!(
        matches!(refused, Some((5, Error::TooLarge { .. }))),
        "{refused:?}"
    );

    for n in 0..5 {
        store.drop_transaction(&name(&format!("t{n}"))).unwrap();
    }
    for n in 0..64 {
        store
            .stage(
                &name(&format!("t{n}")),
                Layer::Api,
                &json!({"motd": "a"}),
                "w",
            )
            .unwrap();
    }
    let error = store
        .stage(&name("u"), Layer::Api, &json!({"motd": "a"}), "w")
        .unwrap_err();
    assert!(matches!(error, Error::TooManyTransactions(64)), "{error}");
    // One that is open can still grow.
    store
        .stage(&name("t0"), Layer::Api, &json!({"motd": "b"}), "w")
        .unwrap();
}

#[test]
fn the_last_generations_are_kept() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    for n in 1..=20 {
        set(&mut store, json!({"motd": n.to_string()}));
    }
    let mut expected: Vec<String> = (5..=20)
        .map(|n| format!("generation-{n:06}.json"))
        .collect();
    expected.push("pending".to_owned());
    assert_eq!(names(&base.path().join(VERSION)), expected);

    // Fewer of them when they are large.
    let large: Vec<String> = vec!["b".repeat(4000); 250];
    for n in 1..=10 {
        set(
            &mut store,
            json!({"motd": n.to_string(), "ntp": {"options": large}}),
        );
    }
    assert_eq!(names(&base.path().join(VERSION)).len(), 8 + 1);
    assert_eq!(store.warnings(), [] as [&str; 0]);
}

#[test]
fn one_process_at_a_time() {
    let base = tempfile::tempdir().unwrap();
    let first = open(base.path());
    let error = Store::open(base.path(), VERSION, image()).unwrap_err();
    assert!(matches!(error, Error::InUse(_)), "{error}");
    drop(first);
    open(base.path());
}

#[test]
fn a_version_names_a_folder_and_nothing_else() {
    let base = tempfile::tempdir().unwrap();
    for version in ["", "..", "../x", "1/2", ".hidden"] {
        let error = Store::open(base.path(), version, image()).unwrap_err();
        assert!(matches!(error, Error::Version(_)), "{error}");
    }
    assert_eq!(names(base.path()), [".lock"]);
}
