//! From one version of the OS to another and back.

use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::{Origin, generation};

fn open_version(base: &Path, version: &str) -> Store {
    Store::open(base, version, image()).expect("the store opens")
}

#[test]
fn each_version_keeps_its_own() {
    let base = tempfile::tempdir().unwrap();
    let current = || fs::read_link(base.path().join("current")).unwrap();
    let mut store = open_version(base.path(), "1.0.0");
    set(&mut store, json!({"motd": "one"}));
    store
        .stage(&name("t"), Layer::Api, &json!({"motd": "pending"}), "w")
        .unwrap();
    drop(store);
    assert_eq!(current(), PathBuf::from("1.0.0"));

    let mut store = open_version(base.path(), "1.1.0");
    assert_eq!(current(), PathBuf::from("1.1.0"));
    assert_eq!((motd(&store), store.generation()), ("one".into(), 1));
    assert!(matches!(
        store.origin(&key("motd")),
        Some(Origin::Set(Layer::Api, _))
    ));
    assert_eq!(store.transactions().count(), 0);
    set(&mut store, json!({"motd": "two"}));
    drop(store);

    let store = open_version(base.path(), "1.0.0");
    assert_eq!(motd(&store), "one");
    assert_eq!(store.transactions().count(), 1);
    assert_eq!(current(), PathBuf::from("1.0.0"));
    drop(store);

    let store = open_version(base.path(), "1.1.0");
    assert_eq!(motd(&store), "two");
}

#[test]
fn the_newest_good_generation_is_carried_over() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open_version(base.path(), "1.0.0");
    for n in 1..=3 {
        set(&mut store, json!({"motd": n.to_string()}));
    }
    drop(store);
    fs::write(generation::path(&base.path().join("1.0.0"), 3), "torn").unwrap();
    let store = open_version(base.path(), "2.0.0");
    assert_eq!((motd(&store), store.generation()), ("2".into(), 2));
    let [torn, unmigrated] = store.warnings() else {
        panic!("{:?}", store.warnings());
    };
    assert!(torn.contains("generation-000003.json"), "{torn}");
    assert!(
        unmigrated.ends_with("they were not migrated"),
        "{unmigrated}"
    );
    assert_eq!(
        names(&base.path().join("2.0.0")),
        ["generation-000002.json", "pending"]
    );
}

#[test]
fn a_current_link_that_leads_nowhere_is_no_obstacle() {
    for (target, warned) in [("gone", 0), ("../..", 1), ("/etc", 1), ("a/b", 1)] {
        let base = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(target, base.path().join("current")).unwrap();
        let store = open_version(base.path(), "1.0.0");
        assert_eq!(*store.effective(), defaults());
        assert_eq!(
            store.warnings().len(),
            warned,
            "{target}: {:?}",
            store.warnings()
        );
        assert_eq!(
            fs::read_link(base.path().join("current")).unwrap(),
            PathBuf::from("1.0.0")
        );
    }
}
