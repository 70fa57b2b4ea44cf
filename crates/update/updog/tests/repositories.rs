//! Repositories that are not what they should be.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

mod common;

use std::fs;
use std::path::Path;

use common::{DAY, Workshop, replace};
use jiff::SignedDuration;

#[test]
fn a_good_repository_is_read() {
    let workshop = Workshop::new();
    assert_eq!(workshop.look("repository"), Ok(1));
    workshop.publish("repository", "key", "1.1.0", DAY);
    assert_eq!(workshop.look("repository"), Ok(2));
}

#[test]
fn nobody_shows_an_older_state_later() {
    let workshop = Workshop::new();
    replace(&workshop.path("repository"), &workshop.path("old"));
    workshop.publish("repository", "key", "1.1.0", DAY);
    assert_eq!(workshop.look("repository"), Ok(2));
    let error = workshop.look("old").unwrap_err();
    assert!(error.contains("previously fetched version 3"), "{error}");
    // A new timestamp over old metadata is found as well.
    let mixed = workshop.path("mixed");
    replace(&workshop.path("repository"), &mixed);
    let snapshot = |number: u32| mixed.join(format!("metadata/{number}.snapshot.json"));
    fs::copy(snapshot(2), snapshot(3)).unwrap();
    let error = workshop.look("mixed").unwrap_err();
    assert!(error.to_lowercase().contains("mismatch"), "{error}");
}

#[test]
fn nobody_else_signs() {
    let workshop = Workshop::new();
    workshop.create("other", "other-key");
    workshop.publish("other", "other-key", "6.6.6", DAY);
    let error = workshop.look("other").unwrap_err();
    assert!(
        error.contains("erif") || error.contains("ignature"),
        "{error}"
    );
}

#[test]
fn what_has_expired_is_refused() {
    let workshop = Workshop::new();
    workshop.publish("repository", "key", "1.1.0", SignedDuration::ZERO);
    let error = workshop.look("repository").unwrap_err();
    assert!(error.contains("xpired"), "{error}");
}

#[test]
fn endless_data_are_cut_off() {
    let workshop = Workshop::new();
    let timestamp = workshop.path("repository/metadata/timestamp.json");
    let mut endless = fs::read(&timestamp).unwrap();
    endless.resize(16 << 20, b' ');
    fs::write(&timestamp, endless).unwrap();
    let error = workshop.look("repository").unwrap_err();
    assert!(
        error.contains("size") || error.contains("larger"),
        "{error}"
    );
}

#[test]
fn what_is_missing_or_garbage_is_refused() {
    type Change = fn(&Path);
    let cases: [(&str, Change); 5] = [
        ("no timestamp", |p| {
            fs::remove_file(p.join("metadata/timestamp.json")).unwrap()
        }),
        ("no snapshot", |p| {
            fs::remove_file(p.join("metadata/2.snapshot.json")).unwrap()
        }),
        ("no targets", |p| {
            fs::remove_dir_all(p.join("targets")).unwrap()
        }),
        ("garbage", |p| {
            fs::write(p.join("metadata/timestamp.json"), "{}").unwrap()
        }),
        ("empty", |p| {
            fs::write(p.join("metadata/2.targets.json"), "").unwrap()
        }),
    ];
    for (name, change) in cases {
        let workshop = Workshop::new();
        change(&workshop.path("repository"));
        let error = workshop.look("repository").unwrap_err();
        assert!(
            error.starts_with("the repository file:///"),
            "{name}: {error}"
        );
    }
}
