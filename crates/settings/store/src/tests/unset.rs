//! Going back: to the layer below, and to an earlier generation.

use serde_json::json;

use super::*;
use crate::{Error, Provenance};

fn stage(store: &mut Store, transaction: &str, layer: Layer, changes: Value) {
    store
        .stage(&name(transaction), layer, &changes, "a test")
        .expect("staged");
}

fn unset(store: &mut Store, keys: &[&str]) -> Result<Vec<Key>, Error> {
    let keys: Vec<Key> = keys.iter().map(|text| key(text)).collect();
    store.stage_unset(&name("t"), &keys)
}

#[test]
fn a_key_returns_to_the_layer_below() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    for layer in [Layer::Generated, Layer::UserData, Layer::Api] {
        stage(&mut store, "t", layer, json!({"motd": layer.name()}));
    }
    store.commit(&name("t"), "w").unwrap();
    for expected in ["user-data", "generated", "default"] {
        assert_eq!(unset(&mut store, &["motd"]).unwrap(), [key("motd")]);
        // What is staged outlives the process, though it looks the same.
        drop(store);
        store = open(base.path());
        let changes = store.changes(&name("t"));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].after, Some(json!(expected)));
        assert_eq!(changes[0].layer, Some(expected));
        assert_eq!(store.commit(&name("t"), "w").unwrap(), [key("motd")]);
        assert_eq!(motd(&store), expected);
    }
    // There is nothing left that anybody has set.
    assert_eq!(unset(&mut store, &["motd"]).unwrap(), []);
    assert_eq!(store.transactions().count(), 0);
}

#[test]
fn a_group_is_unset_with_all_that_is_in_it() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    set(
        &mut store,
        json!({"ntp": {"time-servers": ["a"], "options": ["b"]}, "network": {"hostname": "c"}}),
    );
    assert_eq!(
        unset(&mut store, &["ntp", "ntp.options", "network.hostname"]).unwrap(),
        ["network.hostname", "ntp.options", "ntp.time-servers"].map(key)
    );
    store.commit(&name("t"), "w").unwrap();
    assert_eq!(*store.effective(), defaults());
}

#[test]
fn the_last_word_on_a_key_counts() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    set(&mut store, json!({"motd": "old"}));
    unset(&mut store, &["motd"]).unwrap();
    stage(&mut store, "t", Layer::Api, json!({"motd": "new"}));
    store.commit(&name("t"), "w").unwrap();
    assert_eq!(motd(&store), "new");

    stage(&mut store, "t", Layer::Api, json!({"motd": "newer"}));
    unset(&mut store, &["motd"]).unwrap();
    assert_eq!(store.pending(&name("t")), json!({}));
    store.commit(&name("t"), "w").unwrap();
    assert_eq!(motd(&store), "default");

    // Where nothing else was staged, nothing is left to commit.
    stage(
        &mut store,
        "t",
        Layer::Api,
        json!({"network": {"hostname": "a"}}),
    );
    assert_eq!(unset(&mut store, &["network"]).unwrap().len(), 1);
    assert_eq!(store.transactions().count(), 0);
}

#[test]
fn what_cannot_be_set_cannot_be_unset() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    for unknown in ["mtod", "motd.x", "ntp.server", "host-containers.a.sauce"] {
        let error = unset(&mut store, &["motd", unknown]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("settings.{unknown}: nothing can be set there")
        );
    }
    for known in ["ntp", "host-containers.a.source", "kernel.sysctl.\"a.b\""] {
        assert_eq!(unset(&mut store, &[known]).unwrap(), []);
    }
}

#[test]
fn unsetting_is_held_against_the_rules() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    set(
        &mut store,
        json!({"host-containers": {"a": {"enabled": true, "source": "b/c:1"}}}),
    );
    unset(&mut store, &["host-containers.a.source"]).unwrap();
    let error = store.commit(&name("t"), "w").unwrap_err();
    assert!(matches!(error, Error::Settings(_)), "{error}");
    unset(&mut store, &["host-containers.a"]).unwrap();
    store.commit(&name("t"), "w").unwrap();
    assert_eq!(*store.effective(), defaults());
}

#[test]
fn what_a_generator_will_add_may_be_missing() {
    let base = tempfile::tempdir().unwrap();
    let generated = key("host-containers.a.source");
    let image = image().with_generated([generated]);
    let mut store = Store::open(base.path(), VERSION, image).unwrap();
    set(
        &mut store,
        json!({"host-containers": {"a": {"enabled": true}}}),
    );
    stage(
        &mut store,
        "t",
        Layer::Api,
        json!({"host-containers": {"b": {"enabled": true}}}),
    );
    let error = store.commit(&name("t"), "w").unwrap_err();
    assert!(error.to_string().contains("host-containers.b.source"));
}

#[test]
fn provenance_names_layer_writer_and_what_is_covered() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    stage(&mut store, "boot", Layer::UserData, json!({"motd": "u"}));
    store.commit(&name("boot"), "w").unwrap();
    stage(&mut store, "t", Layer::Api, json!({"motd": "a"}));
    store.commit(&name("t"), "w").unwrap();
    let mut provenance = store.provenance().unwrap();
    assert_eq!(provenance.len(), 2);
    let (time_servers, image) = provenance.remove(1);
    assert_eq!(time_servers, key("ntp.time-servers"));
    assert_eq!(
        serde_json::to_value(image).unwrap(),
        json!({"value": ["pool.example.com"], "layer": "default"})
    );
    let (motd, set) = provenance.remove(0);
    assert_eq!(motd, key("motd"));
    let time = set.time.clone();
    assert!(time.as_ref().unwrap().ends_with('Z'));
    assert_eq!(
        set,
        Provenance {
            value: json!("a"),
            layer: "api",
            time,
            transaction: Some("t".into()),
            who: Some("a test".into()),
            covers: vec!["user-data", "default"],
        }
    );
}

#[test]
fn a_change_that_changes_nothing_is_no_difference() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    stage(
        &mut store,
        "t",
        Layer::Generated,
        json!({"motd": "default", "network": {"hostname": "a"}}),
    );
    let (settings, changes) = store.check(&name("t")).unwrap();
    assert_eq!(settings["network"]["hostname"], "a");
    assert_eq!(changes.len(), 1);
    assert_eq!(
        (&changes[0].before, &changes[0].after, changes[0].layer),
        (&None, &Some(json!("a")), Some("generated"))
    );
    assert_eq!(store.generation(), 0);
    let error = store.check(&name("u")).unwrap_err();
    assert!(matches!(error, Error::NothingPending(_)), "{error}");
}

#[test]
fn history_says_what_was_committed_and_can_be_gone_back_to() {
    let base = tempfile::tempdir().unwrap();
    let mut store = open(base.path());
    assert_eq!(store.history().list().unwrap(), []);
    set(&mut store, json!({"motd": "one"}));
    set(
        &mut store,
        json!({"motd": "two", "network": {"hostname": "a"}}),
    );
    set(&mut store, json!({"ntp": {"options": ["b"]}}));
    std::fs::write(
        crate::generation::path(&base.path().join(VERSION), 2),
        "damaged",
    )
    .unwrap();
    let keys = store.rollback(1, "an operator").unwrap();
    assert_eq!(keys, ["motd", "network.hostname", "ntp.options"].map(key));
    assert_eq!(motd(&store), "one");
    // Nothing is different: no new generation.
    assert_eq!(store.rollback(4, "w").unwrap(), []);

    drop(store);
    let mut store = open(base.path());
    assert_eq!((motd(&store), store.generation()), ("one".into(), 4));
    let records = store.history().list().unwrap();
    let numbers: Vec<_> = records.iter().map(|record| record.number).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    assert_eq!(
        (&records[0].transaction, &records[0].who, &records[0].keys),
        (
            &Some("rollback-to-1".into()),
            &Some("an operator".into()),
            &keys
        )
    );
    assert!(records[2].damaged.is_some() && records[2].time.is_none());
    assert_eq!(records[3].keys, [key("motd")]);
    for (number, message) in [
        (0, "generation 0 is not kept"),
        (2, "generation 2 is damaged: "),
        (5, "generation 5 is not kept"),
    ] {
        let error = store.rollback(number, "w").unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
