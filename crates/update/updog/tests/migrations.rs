//! Migrations on their way from the repository to the boot that runs them.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

mod common;

use std::fs;

use anyhow::Result;
use common::Workshop;
use semver::Version;
use updog::{Kept, Repository, Way};

const NAMES: [&str; 2] = ["rename-things", "drop-things"];

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// What a node has kept of a repository with two versions and two migrations,
/// on the way from one version to the other.
fn kept(from: &str, to: &str) -> (Workshop, Kept) {
    let workshop = Workshop::new();
    workshop.publish("repository", "key", "1.1.0", common::DAY);
    workshop.add_migrations("repository", "key", &NAMES);
    let kept = Kept::new(workshop.path("kept"));
    let config = workshop.config("repository");
    let (trusted, seen) = (workshop.path("trusted"), workshop.path("seen"));
    let keeping = async {
        let repository = Repository::open(&config, &trusted, &seen).await?;
        let manifest = repository.manifest().await?;
        let way = Way {
            from: version(from),
            to: version(to),
        };
        kept.keep(&repository, &manifest, &way).await
    };
    workshop.runtime.block_on(keeping).unwrap();
    // There is no network at boot.
    fs::remove_dir_all(workshop.path("repository")).unwrap();
    (workshop, kept)
}

fn load(workshop: &Workshop, kept: &Kept, running: &str) -> Result<()> {
    let (trusted, ready) = (workshop.path("trusted"), workshop.path("ready"));
    let running = version(running);
    workshop
        .runtime
        .block_on(kept.load(&trusted, &running, &ready))
}

#[test]
fn what_was_kept_is_loaded_for_the_version_it_leads_to() {
    for (from, to) in [("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")] {
        let (workshop, kept) = kept(from, to);
        let list = workshop.path("ready/list.json");
        load(&workshop, &kept, from).unwrap();
        assert!(!list.exists(), "nothing leads to {from}");
        load(&workshop, &kept, to).unwrap();
        assert_eq!(
            fs::read_to_string(&list).unwrap(),
            r#"{"migrations":{"(1.0.0, 1.1.0)":["rename-things","drop-things"]}}"#
        );
        for name in NAMES {
            let program = fs::read_to_string(workshop.path("ready").join(name)).unwrap();
            assert_eq!(program, name);
        }
    }
}

#[test]
fn versions_without_migrations_between_them_have_an_empty_way() {
    let (workshop, kept) = kept("1.1.0", "1.2.0");
    load(&workshop, &kept, "1.2.0").unwrap();
    assert_eq!(
        fs::read_to_string(workshop.path("ready/list.json")).unwrap(),
        r#"{"migrations":{"(1.1.0, 1.2.0)":[]}}"#
    );
}

#[test]
fn what_was_changed_on_the_disk_is_not_loaded() {
    let find = |workshop: &Workshop, folder: &str, part: &str| {
        let folder = workshop.path("kept").join(folder);
        let mut entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
        entries
            .find(|path| path.to_string_lossy().contains(part))
            .unwrap()
    };
    for (folder, part) in [
        ("targets", "rename-things"),
        ("targets", "manifest.json"),
        ("metadata", "targets.json"),
        ("metadata", "snapshot.json"),
        ("metadata", "timestamp.json"),
    ] {
        let (workshop, kept) = kept("1.0.0", "1.1.0");
        let path = find(&workshop, folder, part);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        load(&workshop, &kept, "1.1.0").unwrap_err();
        assert!(!workshop.path("ready/list.json").exists(), "{part}");
    }
    let (workshop, kept) = kept("1.0.0", "1.1.0");
    fs::write(workshop.path("kept/way.json"), "{}").unwrap();
    let error = load(&workshop, &kept, "1.1.0").unwrap_err();
    assert!(error.to_string().ends_with("way.json names no way"));
}
