//! Stored settings that are not as they were written.

use std::fs;

use serde_json::json;

use super::*;
use crate::{generation, pending};

#[test]
fn damaged_generations_are_passed_over_loudly() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join(VERSION);
    let mut store = open(base.path());
    for n in 1..=4 {
        set(&mut store, json!({"motd": n.to_string()}));
    }
    drop(store);
    fs::write(generation::path(&folder, 4), "").unwrap();
    // A copy of another generation is whole, but not this one.
    fs::copy(generation::path(&folder, 1), generation::path(&folder, 3)).unwrap();
    let store = open(base.path());
    assert_eq!((motd(&store), store.generation()), ("2".into(), 2));
    let warnings = store.warnings().join("\n");
    assert!(
        warnings.contains("settings of generation 4 are lost: "),
        "{warnings}"
    );
    assert!(
        warnings.contains("generation-000003.json is damaged: it holds generation 1"),
        "{warnings}"
    );
    drop(store);

    for n in 1..=4 {
        fs::write(generation::path(&folder, n), "{}").unwrap();
    }
    let mut store = open(base.path());
    assert_eq!((*store.effective()).clone(), defaults());
    assert_eq!((store.generation(), store.warnings().len()), (0, 4));
    set(&mut store, json!({"motd": "again"}));
    assert_eq!(store.generation(), 5);
}

#[test]
fn what_cannot_be_read_is_passed_over() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join(VERSION);
    let mut store = open(base.path());
    set(&mut store, json!({"motd": "good"}));
    drop(store);
    fs::create_dir(generation::path(&folder, 2)).unwrap();
    fs::create_dir(folder.join("lost+found")).unwrap();
    fs::create_dir(pending::folder(&folder).join(".t.json.new")).unwrap();
    fs::create_dir(pending::folder(&folder).join("u.json")).unwrap();
    for name in [
        "generation-1.json",
        "generation-+00007.json",
        "generation-x.json",
        "generation-.json",
    ] {
        fs::write(folder.join(name), "x").unwrap();
    }
    let store = open(base.path());
    assert_eq!((motd(&store), store.generation()), ("good".into(), 1));
    assert_eq!(store.warnings().len(), 3, "{:?}", store.warnings());
}

#[test]
fn damaged_transactions_are_passed_over_loudly() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join(VERSION);
    let mut store = open(base.path());
    let (good, bad) = (name("good"), name("bad"));
    for transaction in [&good, &bad] {
        store
            .stage(transaction, Layer::Api, &json!({"motd": "a"}), "w")
            .unwrap();
    }
    drop(store);
    let path = pending::path(&folder, &bad);
    let mut document = fs::read(&path).unwrap();
    document[100] ^= 1;
    fs::write(&path, document).unwrap();
    fs::write(pending::folder(&folder).join("not a name.json"), "").unwrap();
    let mut store = open(base.path());
    assert_eq!(store.transactions().collect::<Vec<_>>(), [&good]);
    assert!(
        store.warnings()[0].starts_with("pending changes of transaction `bad` are lost: "),
        "{:?}",
        store.warnings()
    );
    // The name can be used again.
    store
        .stage(&bad, Layer::Api, &json!({"motd": "b"}), "w")
        .unwrap();
    store.commit(&bad, "w").unwrap();
    drop(store);
    assert_eq!(open(base.path()).warnings(), [] as [&str; 0]);
}

#[test]
fn settings_this_version_does_not_know_are_ignored_loudly() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join(VERSION);
    let mut store = open(base.path());
    set(
        &mut store,
        json!({"motd": "kept", "network": {"hostname": "node"}}),
    );
    drop(store);
    // As a version with another model would have written it.
    let path = generation::path(&folder, 1);
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("network.hostname", "network.nickname");
    let payload: Value = serde_json::from_str::<Value>(&text).unwrap()["payload"].take();
    fs::write(
        &path,
        crate::document::seal("a test", &payload).unwrap().bytes,
    )
    .unwrap();
    let mut store = open(base.path());
    assert_eq!(
        store.warnings(),
        [
            "a stored setting (layer api) is ignored: settings.network.nickname: \
          unknown field `nickname`, expected one of `hostname`, `hosts`, `https-proxy`, `no-proxy`"
        ]
    );
    assert_eq!(motd(&store), "kept");
    assert!(store.effective().get("network").is_none());
    set(&mut store, json!({"motd": "changed"}));
    drop(store);
    assert_eq!(open(base.path()).warnings(), [] as [&str; 0]);
}

#[test]
fn defaults_that_contradict_what_is_stored_are_reported() {
    let base = tempfile::tempdir().unwrap();
    set(
        &mut open(base.path()),
        json!({"kernel": {"sysctl": {"a/b": "1"}}}),
    );
    let store = Store::open(
        base.path(),
        VERSION,
        Image::new(
            Model::complete(),
            json!({"kernel": {"sysctl": {"a.b": "2"}}}),
        ),
    )
    .unwrap();
    assert!(
        store.warnings()[0].starts_with("the settings contradict themselves: "),
        "{:?}",
        store.warnings()
    );
}
