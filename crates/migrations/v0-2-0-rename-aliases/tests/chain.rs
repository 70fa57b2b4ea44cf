//! The migrations of this repository's list, run by the migrator on a store.

use std::fs;
use std::path::Path;

use migrator::{Migrations, migrate};
use serde_json::{Value, json};
use settings_model::Model;
use settings_store::{Image, Layer, Outcome, Store};

/// The payload of the current version.
fn payload(base: &Path) -> Value {
    let mut found = None;
    // It fails, so that nothing changes.
    let _ = settings_store::migrate(base, "999.0.0", false, |payload| {
        found = Some(payload);
        Err("only to look at it")
    });
    found.expect("a current version")
}

/// A store of version 0.1.0 with settings of layer `api`.
fn store(base: &Path, settings: Value) {
    let mut store = Store::open(base, "0.0.1", Image::new(Model::complete(), json!({})))
        .expect("the store opens");
    let transaction = "test".parse().expect("a transaction's name");
    let changes = json!({"motd": "kept"});
    store
        .stage(&transaction, Layer::Api, &changes, "a test")
        .expect("staged");
    store.commit(&transaction, "a test").expect("committed");
    drop(store);
    // As that version stored them, whatever this one takes.
    settings_store::migrate(base, "0.1.0", false, |mut payload| {
        let api = &mut payload["layers"]["api"];
        for (key, value) in settings.as_object().expect("settings") {
            api[key] = api["motd"].clone();
            api[key]["value"] = value.clone();
        }
        Ok::<_, String>(payload)
    })
    .expect("carried over");
}

#[test]
fn a_store_is_migrated_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("store");
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let program = env!("CARGO_BIN_EXE_v0-2-0-rename-aliases");
    for name in ["first", "second"] {
        fs::copy(program, programs.join(name)).unwrap();
    }
    let list = folder.path().join("list.toml");
    // Twice the same: what the second finds is renamed already.
    fs::write(
        &list,
        "[migrations]\n'(0.1.0, 0.2.0)' = ['first']\n'(0.2.0, 0.3.0)' = ['second']",
    )
    .unwrap();
    let migrations = Migrations {
        list,
        folder: programs,
        work: folder.path().join("work"),
    };
    store(&base, json!({"boot.kernel.quiet": []}));
    let old = payload(&base);

    let outcome = migrate(&base, "0.2.0", Some(&migrations)).unwrap();
    assert_eq!(outcome, Outcome::Migrated { warnings: vec![] });
    let mut expected = old.clone();
    let entry = expected["layers"]["api"]
        .as_object_mut()
        .unwrap()
        .remove("boot.kernel.quiet");
    expected["layers"]["api"]["boot.kernel-parameters.quiet"] = entry.unwrap();
    assert_eq!(payload(&base), expected);

    // As if 0.1.0 had never been on this node.
    fs::remove_dir_all(base.join("0.1.0")).unwrap();
    let outcome = migrate(&base, "0.1.0", Some(&migrations)).unwrap();
    assert_eq!(outcome, Outcome::Migrated { warnings: vec![] });
    assert_eq!(payload(&base), old);

    fs::remove_dir_all(base.join("0.2.0")).unwrap();
    migrate(&base, "0.3.0", Some(&migrations)).unwrap();
    assert_eq!(payload(&base)["layers"], expected["layers"]);
    assert_eq!(fs::read_dir(&migrations.work).unwrap().count(), 0);
    let mut there: Vec<_> = fs::read_dir(&base)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(there, [".lock", "0.0.1", "0.1.0", "0.3.0", "current"]);
}
