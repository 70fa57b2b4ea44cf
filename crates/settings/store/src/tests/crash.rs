//! Power and disk fail at every point there is.

use std::fs;

use serde_json::json;

use super::*;
use crate::fault::{Plan, under};
use crate::{Error, generation, pending};

/// Every way in which one of the first changes to the disk can fail.
fn plans() -> impl Iterator<Item = Plan> {
    (0..).flat_map(|at| {
        [(false, false), (false, true), (true, false), (true, true)].map(|(made, crash)| Plan {
            at,
            made,
            crash,
        })
    })
}

#[test]
fn a_failed_commit_leaves_the_old_state_or_the_new_one() {
    let mut failed = 0;
    for plan in plans() {
        let base = tempfile::tempdir().unwrap();
        let mut store = open(base.path());
        set(&mut store, json!({"motd": "old"}));
        let transaction = name("t");
        store
            .stage(
                &transaction,
                Layer::Api,
                &json!({"motd": "new", "network": {"hostname": "new"}}),
                "w",
            )
            .unwrap();
        let (result, reached) = under(plan, || store.commit(&transaction, "w"));
        if !reached {
            break;
        }
        match &result {
            Ok(keys) => {
                assert_eq!(*keys, [key("motd"), key("network.hostname")]);
                assert_eq!(
                    (motd(&store), store.generation()),
                    ("new".into(), 2),
                    "{plan:?}"
                );
            }
            Err(e) => {
                assert!(matches!(e, Error::Disk(_)), "{e}");
                failed += 1;
                assert_eq!(
                    (motd(&store), store.generation()),
                    ("old".into(), 1),
                    "{plan:?}"
                );
                assert_eq!(store.pending(&transaction)["motd"], "new", "{plan:?}");
                if !plan.crash {
                    // The disk works again, and so does the store.
                    store.commit(&transaction, "w").unwrap();
                    assert_eq!(
                        (motd(&store), store.generation()),
                        ("new".into(), 2),
                        "{plan:?}"
                    );
                }
            }
        }

        drop(store);
        let mut store = open(base.path());
        assert_eq!(store.warnings(), [] as [&str; 0], "{plan:?}");
        let hostname = store
            .effective()
            .get("network")
            .map(|n| n["hostname"].clone());
        match (&*motd(&store), store.generation()) {
            ("new", 2) => {
                assert_eq!(hostname, Some(json!("new")), "{plan:?}");
                assert_eq!(store.transactions().count(), 0, "{plan:?}");
            }
            ("old", 1) => {
                assert!(result.is_err() && hostname.is_none(), "{plan:?}");
                assert_eq!(store.pending(&transaction)["motd"], "new", "{plan:?}");
            }
            neither => panic!("{plan:?}: {neither:?}"),
        }
        set(&mut store, json!({"motd": "newer"}));
        assert_eq!(motd(&store), "newer", "{plan:?}");
    }
    assert!(failed >= 4, "{failed} commits failed");
}

#[test]
fn a_failed_change_of_a_transaction_leaves_it_as_before_or_as_wanted() {
    for plan in plans() {
        let base = tempfile::tempdir().unwrap();
        let mut store = open(base.path());
        let transaction = name("t");
        store
            .stage(&transaction, Layer::Api, &json!({"motd": "old"}), "w")
            .unwrap();
        let (result, reached) = under(plan, || {
            store.stage(&transaction, Layer::Api, &json!({"motd": "new"}), "w")
        });
        if !reached {
            assert!(plan.at >= 1);
            break;
        }
        result.unwrap_err();
        assert_eq!(
            store.pending(&transaction),
            json!({"motd": "old"}),
            "{plan:?}"
        );
        drop(store);
        let mut store = open(base.path());
        let found = store.pending(&transaction);
        assert!(
            found == json!({"motd": "old"}) || found == json!({"motd": "new"}),
            "{found}"
        );

        let (result, reached) = under(plan, || store.drop_transaction(&transaction));
        assert!(reached);
        result.unwrap_err();
        assert_eq!(store.pending(&transaction), found);
        drop(store);
        let store = open(base.path());
        let found_again = store.pending(&transaction);
        assert!(
            found_again == found || found_again == json!({}),
            "{found_again}"
        );
    }
}

#[test]
fn opening_is_repeatable_after_any_failure() {
    let mut reached_once = false;
    for plan in plans() {
        let base = tempfile::tempdir().unwrap();
        set(&mut open(base.path()), json!({"motd": "kept"}));
        // For a version without a folder yet: the longest way.
        let (_, reached) = under(plan, || {
            Store::open(base.path(), "2.0.0", image()).map(drop)
        });
        if !reached {
            break;
        }
        reached_once = true;
        let store = Store::open(base.path(), "2.0.0", image()).unwrap();
        assert_eq!(motd(&store), "kept", "{plan:?}");
        // Whether this opening or the failed one carried them over.
        for warning in store.warnings() {
            assert!(
                warning.ends_with("they were not migrated"),
                "{plan:?}: {warning}"
            );
        }
        drop(store);
        assert_eq!(motd(&open(base.path())), "kept", "{plan:?}");
        assert_eq!(
            names(base.path()),
            [".lock", "1.0.0", "2.0.0", "current"],
            "{plan:?}"
        );
    }
    assert!(reached_once);
}

#[test]
fn a_failed_migration_leaves_the_old_version_or_the_new_one() {
    let mut failed = 0;
    for plan in plans() {
        let base = tempfile::tempdir().unwrap();
        set(&mut open(base.path()), json!({"motd": "old"}));
        let migrate = || {
            crate::migrate(base.path(), "2.0.0", false, |mut payload| {
                payload["layers"]["api"]["motd"]["value"] = json!("new");
                payload["set-aside"] = json!({"kept": [1]});
                Ok::<_, String>(payload)
            })
        };
        let (result, reached) = under(plan, migrate);
        if !reached {
            break;
        }
        failed += usize::from(result.is_err());
        // The old version is there whatever happened.
        drop(open(base.path()));
        migrate().unwrap();
        let mut store = Store::open(base.path(), "2.0.0", image()).unwrap();
        assert_eq!(store.warnings(), [] as [&str; 0], "{plan:?}");
        assert_eq!(motd(&store), "new", "{plan:?}");
        set(&mut store, json!({"motd": "newer"}));
        drop(store);
        let document = fs::read_to_string(generation::path(&base.path().join("2.0.0"), 2));
        assert!(document.unwrap().contains(r#""set-aside":{"kept":[1]}"#));
        assert_eq!(motd(&open(base.path())), "old", "{plan:?}");
    }
    assert!(failed >= 8, "{failed} migrations failed");
}

#[test]
fn a_commit_cut_at_any_byte_leaves_the_old_state() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join(VERSION);
    let mut store = open(base.path());
    set(&mut store, json!({"motd": "old"}));
    set(&mut store, json!({"motd": "new"}));
    drop(store);
    let path = generation::path(&folder, 2);
    let whole = fs::read(&path).unwrap();
    // The last byte is the line's end.
    for length in 0..whole.len() - 1 {
        fs::write(&path, &whole[..length]).unwrap();
        let store = open(base.path());
        assert_eq!(
            (motd(&store), store.generation()),
            ("old".into(), 1),
            "cut to {length}"
        );
        assert!(
            store.warnings()[0].contains("generation-000002.json is damaged: "),
            "cut to {length}"
        );
    }
    // The number of a damaged generation is not used again.
    let mut store = open(base.path());
    set(&mut store, json!({"motd": "newest"}));
    assert_eq!(store.generation(), 3);
    drop(store);
    let store = open(base.path());
    assert_eq!((motd(&store), store.warnings().len()), ("newest".into(), 0));
}

#[test]
fn a_replacement_cut_at_any_byte_is_cleared_away() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join(VERSION);
    let mut store = open(base.path());
    set(&mut store, json!({"motd": "old"}));
    let transaction = name("t");
    store
        .stage(&transaction, Layer::Api, &json!({"motd": "new"}), "w")
        .unwrap();
    drop(store);
    let whole = fs::read(generation::path(&folder, 1)).unwrap();
    for length in (0..=whole.len()).step_by(7) {
        fs::write(folder.join(".generation-000002.json.new"), &whole[..length]).unwrap();
        fs::write(
            pending::folder(&folder).join(".t.json.new"),
            &whole[..length],
        )
        .unwrap();
        let store = open(base.path());
        assert_eq!(store.warnings(), [] as [&str; 0]);
        assert_eq!(
            (motd(&store), store.pending(&transaction)),
            ("old".into(), json!({"motd": "new"}))
        );
        assert_eq!(names(&folder), ["generation-000001.json", "pending"]);
        assert_eq!(names(&pending::folder(&folder)), ["t.json"]);
    }
}

#[test]
fn transactions_that_were_committed_are_not_pending_again() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    let transactions = ["a", "b", "c"].map(name);
    for transaction in &transactions {
        let changes = json!({"motd": transaction.to_string()});
        store.stage(transaction, Layer::Api, &changes, "w").unwrap();
    }
    let paths = transactions
        .each_ref()
        .map(|transaction| pending::path(&base.path().join(VERSION), transaction));
    let documents = paths.each_ref().map(|path| fs::read(path).unwrap());
    for transaction in &transactions {
        store.commit(transaction, "w").unwrap();
    }
    store.rollback(2, "w").unwrap();
    drop(store);
    // As after a power failure before any of the removals was durable.
    for (path, document) in paths.iter().zip(documents) {
        fs::write(path, document).unwrap();
    }
    let store = open(base.path());
    assert_eq!(
        (motd(&store), store.transactions().count()),
        ("b".into(), 0)
    );
    assert!(paths.iter().all(|path| !path.exists()));
}
