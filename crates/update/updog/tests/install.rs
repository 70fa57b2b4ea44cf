//! Writing to slots that have no room, and clocks that are wrong.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

mod common;

use std::fs::{self, File};

use common::{BLOCK, Workshop, replace};
use updog::{InstallError, Repository, RunFolder, Target, install};

#[test]
fn what_has_no_room_is_refused() {
    // The root file system of these images has a block, its hash tree too.
    for (root, hash, expected) in [
        (BLOCK - 1, BLOCK, "1.0.0-root.erofs.lz4 is larger than "),
        (BLOCK, BLOCK - 1, "1.0.0-root.hash.lz4 is larger than "),
        (
            BLOCK,
            BLOCK,
            "1.0.0-boot.efi.lz4 is no kernel image of this system",
        ),
    ] {
        let workshop = Workshop::new();
        for (name, size) in [("root", root), ("hash", hash)] {
            let device = File::create(workshop.path(name)).unwrap();
            device.set_len(size as u64).unwrap();
        }
        let target = Target {
            slot: slots::Slot::B,
            disk: workshop.path("disk"),
            root: workshop.path("root"),
            hash: workshop.path("hash"),
            boot: workshop.path("boot"),
        };
        let config = workshop.config("repository");
        let (trusted, seen) = (workshop.path("trusted"), workshop.path("seen"));
        let installed = workshop.runtime.block_on(async {
            let repository = Repository::open(&config, &trusted, &seen).await.unwrap();
            let manifest = repository.manifest().await.unwrap();
            let progress = RunFolder::new(&workshop.path("run")).progress("1.0.0".to_owned(), 9);
            install(&repository, &manifest.updates[0].images, &target, progress).await
        });
        let error = installed.unwrap_err();
        if root < BLOCK || hash < BLOCK {
            assert!(matches!(error, InstallError::TooLarge { .. }), "{error}");
        }
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!target.boot.exists());
    }
}

#[test]
fn a_clock_that_went_back_is_noticed() {
    let workshop = Workshop::new();
    assert_eq!(workshop.look("repository"), Ok(1));
    let known = workshop.path("seen/latest_known_time.json");
    assert!(known.exists());
    // As if it had run ten years ahead before: now it is behind.
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(10 * 365 * 24);
    fs::write(&known, format!("\"{later}\"")).unwrap();
    let error = workshop.look("repository").unwrap_err();
    assert!(error.contains("time"), "{error}");
}

#[test]
fn a_clock_that_runs_ahead_finds_everything_expired_and_recovers() {
    let workshop = Workshop::new();
    // As seen by a node ten years ahead.
    let fresh = jiff::SignedDuration::from_hours(-10 * 365 * 24);
    replace(&workshop.path("repository"), &workshop.path("good"));
    workshop.publish("repository", "key", "1.1.0", fresh);
    let known = workshop.path("seen/latest_known_time.json");
    for time in [None, Some("\"2026-01-01T00:00:00Z\"")] {
        if let Some(time) = time {
            fs::write(&known, time).unwrap();
        }
        let error = workshop.look("repository").unwrap_err();
        assert!(error.contains("xpired"), "{error}");
        // What the wrong clock said is not what later ones are compared with.
        assert_eq!(fs::read_to_string(&known).ok().as_deref(), time);
    }
    assert_eq!(workshop.look("good"), Ok(1));
}
