//! Manifests, wave files, and which update a node takes.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use semver::Version;
use update_metadata::{Error, Lock, Manifest, NoUpdate, Node, Schedule, select};

const MANIFEST: &str = r#"{
  "updates": [
    {
      "variant": "metal-dev", "arch": "x86_64",
      "version": "1.1.0", "max_version": "1.2.0",
      "images": {"boot": "b1.efi.zst", "root": "r1.zst", "hash": "h1.zst"}
    },
    {
      "variant": "metal-dev", "arch": "x86_64",
      "version": "1.2.0", "max_version": "1.2.0",
      "waves": {"0": "2026-01-01T00:00:00Z", "1024": "2026-01-02T00:00:00Z"},
      "images": {"boot": "b2.efi.zst", "root": "r2.zst", "hash": "h2.zst"}
    },
    {
      "variant": "metal-dev", "arch": "aarch64",
      "version": "9.0.0", "max_version": "9.0.0",
      "images": {"boot": "b", "root": "r", "hash": "h"}
    }
  ],
  "migrations": {
    "(1.0.0, 1.1.0)": ["migrate_a", "migrate_b"],
    "(1.1.0, 1.2.0)": ["migrate_c"]
  }
}"#;

fn manifest() -> Manifest {
    Manifest::parse(MANIFEST.as_bytes()).unwrap()
}

fn version(text: &str) -> Version {
    Version::parse(text).unwrap()
}

fn node(running: &str, now: &str) -> Node {
    Node {
        variant: "metal-dev".to_owned(),
        arch: "x86_64".to_owned(),
        version: version(running),
        seed: 512,
        lock: Lock::Latest,
        ignore_waves: false,
        failed: BTreeSet::new(),
        now: now.parse().unwrap(),
    }
}

/// The version, and whether it is a way back; or why not.
fn chosen(node: &Node) -> Result<(String, bool), NoUpdate> {
    let manifest = manifest();
    let choice = select(&manifest, node)?;
    Ok((choice.update.version.to_string(), choice.forced))
}

const LATER: &str = "2026-06-01T00:00:00Z";

#[test]
fn the_newest_that_is_ready_is_taken() {
    let take = |version: &str, forced| Ok((version.to_owned(), forced));
    assert_eq!(chosen(&node("1.0.0", LATER)), take("1.2.0", false));
    // Half way through the first wave it is the turn of half its seeds.
    assert_eq!(
        chosen(&node("1.0.0", "2026-01-01T12:00:00Z")),
        take("1.2.0", false)
    );
    assert_eq!(
        chosen(&node("1.0.0", "2026-01-01T11:59:59Z")),
        take("1.1.0", false)
    );
    let waiting = chosen(&node("1.1.0", "2026-01-01T11:59:59Z")).unwrap_err();
    assert_eq!(
        waiting.to_string(),
        "1.2.0 comes to this node (seed 512) at 2026-01-01T12:00:00Z"
    );
    let mut impatient = node("1.1.0", "1970-01-01T00:00:10Z");
    impatient.ignore_waves = true;
    assert_eq!(chosen(&impatient), take("1.2.0", false));
    assert_eq!(
        chosen(&node("1.2.0", LATER)),
        Err(NoUpdate::UpToDate(version("1.2.0")))
    );
}

#[test]
fn what_failed_here_is_not_tried_again_unless_asked_for() {
    let tried = |running: &str| Node {
        failed: BTreeSet::from([version("1.2.0")]),
        ..node(running, LATER)
    };
    assert_eq!(chosen(&tried("1.0.0")), Ok(("1.1.0".to_owned(), false)));
    assert_eq!(
        chosen(&tried("1.1.0")).unwrap_err().to_string(),
        "1.2.0 was tried on this node, and was not good; \
         hint: with updates.version-lock = \"1.2.0\" it is tried again"
    );
    let asked = Node {
        lock: "1.2.0".parse().unwrap(),
        ..tried("1.1.0")
    };
    assert_eq!(chosen(&asked), Ok(("1.2.0".to_owned(), false)));
}

#[test]
fn what_was_withdrawn_is_left_whatever_the_wave() {
    let early = node("1.3.0", "2026-01-01T00:00:00Z");
    assert_eq!(chosen(&early), Ok(("1.2.0".to_owned(), true)));
}

#[test]
fn a_lock_is_kept() {
    let locked = |running: &str, lock: &str| Node {
        lock: lock.parse().unwrap(),
        ..node(running, LATER)
    };
    assert_eq!(
        chosen(&locked("1.2.0", "1.1.0")),
        Ok(("1.1.0".to_owned(), false))
    );
    assert_eq!(
        chosen(&locked("1.0.0", "v1.1.0")),
        Ok(("1.1.0".to_owned(), false))
    );
    assert_eq!(
        chosen(&locked("1.1.0", "1.1.0")),
        Err(NoUpdate::Locked(version("1.1.0")))
    );
    assert_eq!(
        chosen(&locked("1.1.0", "1.5.0")),
        Err(NoUpdate::NoSuchVersion(version("1.5.0")))
    );
    assert!("newest".parse::<Lock>().is_err());
}

#[test]
fn other_variants_and_architectures_do_not_count() {
    for (variant, arch) in [("aws-dev", "x86_64"), ("metal-dev", "riscv64")] {
        let other = Node {
            variant: variant.to_owned(),
            arch: arch.to_owned(),
            ..node("1.0.0", LATER)
        };
        assert!(matches!(chosen(&other), Err(NoUpdate::NotForThis { .. })));
    }
}

#[test]
fn migrations_lead_forward_and_back() {
    let manifest = manifest();
    let chain = |from: &str, to: &str| manifest.migrations(&version(from), &version(to));
    assert_eq!(
        chain("1.0.0", "1.2.0"),
        ["migrate_a", "migrate_b", "migrate_c"]
    );
    assert_eq!(
        chain("1.2.0", "1.0.0"),
        ["migrate_c", "migrate_b", "migrate_a"]
    );
    assert_eq!(chain("1.1.0", "1.2.0"), ["migrate_c"]);
    // Versions between which nothing changes are on the way.
    assert_eq!(chain("0.9.0", "1.1.5"), ["migrate_a", "migrate_b"]);
    assert_eq!(chain("1.2.0", "1.2.0"), [""; 0]);
    assert_eq!(chain("1.2.0", "2.0.0"), [""; 0]);
}

#[test]
fn what_is_written_is_read() {
    let manifest = manifest();
    assert_eq!(
        Manifest::parse(manifest.to_json().as_bytes()).unwrap(),
        manifest
    );
}

#[test]
fn bad_manifests_are_refused() {
    let changed = |from: &str, to: &str| {
        assert!(MANIFEST.contains(from));
        Manifest::parse(MANIFEST.replace(from, to).as_bytes()).unwrap_err()
    };
    let order = changed("\"1024\": \"2026-01-02", "\"1024\": \"2025-01-02");
    assert!(
        matches!(order, Error::WaveOrder { seed: 1024, .. }),
        "{order}"
    );
    let bound = changed("\"1024\"", "\"4096\"");
    assert!(
        matches!(bound, Error::WaveBound { seed: 4096, .. }),
        "{bound}"
    );
    for (from, to) in [
        ("\"1.1.0\", \"max", "\"one\", \"max"),
        ("(1.0.0, 1.1.0)", "1.0.0 to 1.1.0"),
        ("\"variant\": \"metal-dev\", \"arch\": \"aarch64\",", ""),
        ("2026-01-01T00:00:00Z", "yesterday"),
    ] {
        let error = changed(from, to).to_string();
        assert!(error.starts_with("the manifest is not valid: "), "{error}");
    }
}

const SCHEDULE: &str = "\
[[waves]]
start_after = \"1 hour\"
fleet_percentage = 5
[[waves]]
start_after = \"1 day\"
fleet_percentage = 50
[[waves]]
start_after = \"2026-02-01T00:00:00Z\"
fleet_percentage = 100
";

#[test]
fn schedules_become_waves() {
    let release: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let waves = Schedule::parse(SCHEDULE)
        .unwrap()
        .waves(release, "1")
        .unwrap();
    let waves: Vec<_> = waves
        .iter()
        .map(|(seed, at)| (seed, at.to_string()))
        .collect();
    let expected = [
        (0, "2026-01-01T01:00:00Z"),
        (102, "2026-01-02T00:00:00Z"),
        (1024, "2026-02-01T00:00:00Z"),
    ];
    assert_eq!(waves, expected.map(|(seed, at)| (seed, at.to_owned())));
}

#[test]
fn bad_schedules_are_refused() {
    let release: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    for (from, to, reason) in [
        ("= 50", "= 5", "wave 2: fleet_percentage"),
        ("= 100", "= 101", "wave 3: fleet_percentage"),
        ("= 5\n", "= 0\n", "wave 1: fleet_percentage"),
        ("\"1 day\"", "\"soon\"", "wave 2: `soon` is neither"),
        ("\"1 day\"", "\"1 minute\"", "seed 102 starts before"),
        ("start_after", "start", "unknown field"),
    ] {
        let text = SCHEDULE.replacen(from, to, 1);
        let made = Schedule::parse(&text).and_then(|s| s.waves(release, "1"));
        let error = made.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>(), text in "\\PC*") {
        let _ = Manifest::parse(&bytes);
        let _ = Schedule::parse(&text);
    }

    /// There and back runs the same migrations.
    #[test]
    fn back_is_forward_the_other_way_round(
        steps in prop::collection::btree_set((0u64..6, 1u64..6), 0..8),
        from in 0u64..6,
        to in 0u64..6,
    ) {
        let mut manifest = Manifest::default();
        for (start, length) in steps {
            let step = format!("({start}.0.0, {}.0.0)", start + length);
            let target = format!("m{start}-{length}");
            manifest.migrations.insert(step.parse().unwrap(), vec![target]);
        }
        let (from, to) = (Version::new(from, 0, 0), Version::new(to, 0, 0));
        let mut back = manifest.migrations(&to, &from);
        back.reverse();
        prop_assert_eq!(manifest.migrations(&from, &to), back);
    }
}
