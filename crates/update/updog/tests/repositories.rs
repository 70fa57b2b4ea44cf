//! Repositories that are not what they should be, and verified slots that are
//! not either.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use publisher::{Image, Repository as Published, Roles, Signers, create_root, generate_key};
use tokio::runtime::Runtime;
use update_metadata::{Manifest, Waves};
use updog::{Config, Repository, RepositoryError};

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A repository with one version, and a node that trusts it.
struct Workshop {
    folder: tempfile::TempDir,
    runtime: Runtime,
}

impl Workshop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let workshop = Self { folder, runtime };
        workshop.create("repository", "key");
        fs::copy(
            workshop.published("repository").root(),
            workshop.path("trusted"),
        )
        .unwrap();
        workshop.publish("repository", "key", "1.0.0", DAY);
        workshop
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn published(&self, name: &str) -> Published {
        Published::new(self.path(name))
    }

    fn create(&self, name: &str, key: &str) {
        generate_key(&self.path(key)).unwrap();
        let roles = Roles {
            keys: vec![self.path(key)],
            threshold: std::num::NonZeroU64::MIN,
            online_keys: Vec::new(),
        };
        let expires = Timestamp::from_second((Timestamp::now() + DAY).as_second()).unwrap();
        let metadata = self.published(name).metadata();
        let root = create_root(&metadata, &roles, expires);
        self.runtime.block_on(root).unwrap();
        self.sign(
            name,
            key,
            &Manifest::default(),
            self.folder.path().join("none"),
            DAY,
        );
    }

    /// Offers a version that is like an image, but small.
    fn publish(&self, name: &str, key: &str, version: &str, fresh: SignedDuration) {
        let image = self.path(&format!("image-{name}-{version}"));
        fs::create_dir(&image).unwrap();
        let contents = format!(
            r#"{{"variant": "metal-dev", "architecture": "x86_64", "version": "{version}"}}"#
        );
        for (file, text) in [
            ("contents.json", contents.as_str()),
            ("bottlerocket-metal-dev-x86_64.efi", version),
            ("root.erofs", "root"),
            ("root.hash", "hash"),
        ] {
            fs::write(image.join(file), text).unwrap();
        }
        let image = Image::open(&image).unwrap();
        let mut manifest = self
            .runtime
            .block_on(self.published(name).manifest())
            .unwrap();
        manifest.updates.push(image.update(Waves::default(), None));
        let targets = self.path(&format!("targets-{name}-{version}"));
        fs::create_dir(&targets).unwrap();
        image.write_targets(&targets).unwrap();
        self.sign(name, key, &manifest, targets, fresh);
    }

    fn sign(
        &self,
        name: &str,
        key: &str,
        manifest: &Manifest,
        targets: PathBuf,
        fresh: SignedDuration,
    ) {
        fs::create_dir_all(&targets).unwrap();
        let signers = Signers {
            keys: vec![self.path(key)],
            fresh,
            valid: DAY,
        };
        let repository = self.published(name);
        let done = repository.publish(manifest, &targets, &signers);
        self.runtime.block_on(done).unwrap();
    }

    /// What a node sees of a repository: the number of versions.
    fn look(&self, name: &str) -> Result<usize, String> {
        let url = |part: &str| format!("file://{}", self.path(name).join(part).display());
        let config = self.path("updog.toml");
        let text = format!(
            "metadata_base_url = '{}'\ntargets_base_url = '{}'\n",
            url("metadata"),
            url("targets")
        );
        fs::write(&config, text).unwrap();
        let config = Config::read(&config).unwrap();
        let (trusted, seen) = (self.path("trusted"), self.path("seen"));
        let looked = async {
            let opened = Repository::open(&config, &trusted, &seen);
            Ok::<_, RepositoryError>(opened.await?.manifest().await?.updates.len())
        };
        self.runtime
            .block_on(looked)
            .map_err(|error| applet::explain(&error.into()))
    }
}

/// Puts a folder in the place of another one.
fn replace(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    copy(from, to);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => fs::copy(&path, &target).map(drop).unwrap(),
        }
    }
}

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
