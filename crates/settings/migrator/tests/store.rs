//! What becomes of the store. (Migrations that succeed are tested where there
//! are some, in `crates/migrations`.)

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use migrator::{Migrations, migrate};
use serde_json::json;
use settings_model::Model;
use settings_store::{Image, Layer, Outcome, Store};
use tempfile::TempDir;

/// A program that is being started holds every lock of this process for a
/// moment, those of other tests too.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A store of version 0.1.0.
fn store() -> TempDir {
    let base = tempfile::tempdir().expect("a temporary folder");
    let mut store = Store::open(
        base.path(),
        "0.1.0",
        Image::new(Model::complete(), json!({})),
    )
    .expect("the store opens");
    let transaction = "test".parse().expect("a transaction's name");
    let changes = json!({"motd": "kept"});
    store
        .stage(&transaction, Layer::Api, &changes, "a test")
        .expect("staged");
    store.commit(&transaction, "a test").expect("committed");
    base
}

fn motd(base: &Path, version: &str) -> serde_json::Value {
    let store = Store::open(base, version, Image::new(Model::complete(), json!({})))
        .expect("the store opens");
    assert_eq!(store.warnings(), [] as [&str; 0]);
    store.effective()["motd"].clone()
}

/// Everything in a folder, by path and content or target.
fn contents(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_symlink() {
            let target = fs::read_link(&path).expect("a link");
            found.push(format!("{} -> {}", path.display(), target.display()));
        } else if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let text = fs::read_to_string(&path).expect("text");
            found.push(format!("{}: {text}", path.display()));
        }
    }
    found.sort();
    found
}

/// An update to a version that was there before starts from what is in force; a
/// fallback, which nobody brought migrations for, from what it had.
#[test]
fn with_migrations_a_version_gets_its_settings_anew() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let base = store();
    migrate(base.path(), "0.2.0", None).unwrap();
    let mut newer = Store::open(
        base.path(),
        "0.2.0",
        Image::new(Model::complete(), json!({})),
    )
    .expect("the store opens");
    let transaction = "test".parse().expect("a transaction's name");
    let changes = json!({"motd": "changed since"});
    newer
        .stage(&transaction, Layer::Api, &changes, "a test")
        .expect("staged");
    newer.commit(&transaction, "a test").expect("committed");
    drop(newer);

    assert_eq!(migrate(base.path(), "0.1.0", None).unwrap(), Outcome::Own);
    assert_eq!(motd(base.path(), "0.1.0"), "kept");
    migrate(base.path(), "0.2.0", None).unwrap();
    let folder = base.path().join("programs");
    fs::create_dir(&folder).unwrap();
    let list = folder.join("list.json");
    fs::write(&list, r#"{"migrations": {"(0.1.0, 0.2.0)": []}}"#).unwrap();
    let migrations = Migrations {
        list,
        folder,
        work: base.path().join("work"),
    };
    assert_eq!(
        migrate(base.path(), "0.1.0", Some(&migrations)).unwrap(),
        Outcome::Migrated { warnings: vec![] }
    );
    assert_eq!(motd(base.path(), "0.1.0"), "changed since");
    // At the next boot it is the current one, and stays as it is.
    assert_eq!(
        migrate(base.path(), "0.1.0", Some(&migrations)).unwrap(),
        Outcome::Current
    );
}

#[test]
fn without_migrations_settings_are_carried_over() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let base = store();
    assert_eq!(
        migrate(base.path(), "0.2.0", None).unwrap(),
        Outcome::Migrated { warnings: vec![] }
    );
    assert_eq!(motd(base.path(), "0.2.0"), "kept");
    for (version, outcome) in [
        ("0.2.0", Outcome::Current),
        ("0.1.0", Outcome::Own),
        ("0.1.0", Outcome::Current),
    ] {
        assert_eq!(migrate(base.path(), version, None).unwrap(), outcome);
    }
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(migrate(empty.path(), "0.1.0", None).unwrap(), Outcome::None);
}

#[test]
fn a_failed_migration_changes_nothing() {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let base = store();
    fs::copy("/bin/false", folder.path().join("false")).unwrap();
    fs::copy("/bin/true", folder.path().join("true")).unwrap();
    fs::write(folder.path().join("text"), "no program").unwrap();
    let large = fs::File::create(folder.path().join("large")).unwrap();
    large.set_len(1 << 30).unwrap();
    let list = folder.path().join("list.json");
    fs::write(
        &list,
        r#"{"migrations": {
                "(0.1.0, 0.2.0)": ["false"],
                "(0.1.0, 0.3.0)": ["true"],
                "(0.1.0, 0.4.0)": ["gone"],
                "(0.1.0, 0.5.0)": ["text"],
                "(0.1.0, 0.6.0)": ["large"],
                "(0.0.1, 0.1.0)": ["false"]
            }}"#,
    )
    .unwrap();
    let migrations = Migrations {
        list,
        folder: folder.path().to_owned(),
        work: folder.path().join("work"),
    };
    // As a migrator that was killed leaves it.
    fs::create_dir(&migrations.work).unwrap();
    fs::write(migrations.work.join("target.json"), "{}").unwrap();
    // Makes the lock's file.
    migrate(base.path(), "0.1.0", Some(&migrations)).unwrap();
    let before = contents(base.path());
    for (version, message) in [
        ("0.2.0", "migration `false` failed to go forward: "),
        ("0.3.0", "failed to rename "),
        ("0.4.0", "failed to examine "),
        ("0.5.0", "migration `text` failed to go forward: "),
        ("0.6.0", " are allowed"),
        ("0.1.5", "no migration leads from 0.1.0 towards 0.1.5"),
        ("0.0.1", "migration `false` failed to go backward: "),
        ("next", "`next` is no version: "),
        ("../x", "invalid version: "),
    ] {
        let error = migrate(base.path(), version, Some(&migrations)).unwrap_err();
        assert!(error.to_string().contains(message), "{version}: {error}");
        assert_eq!(contents(base.path()), before, "{version}");
        let left = fs::read_dir(&migrations.work);
        assert_eq!(left.map_or(0, Iterator::count), 0, "{version}");
    }
    assert_eq!(motd(base.path(), "0.1.0"), "kept");
}
