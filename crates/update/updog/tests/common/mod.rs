//! A small repository, and a node that trusts it.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use publisher::{
    Image, KeyLocation, Migrations, Repository as Published, Roles, Signers, create_root,
};
use tokio::runtime::Runtime;
use update_metadata::{Manifest, Waves};
use updog::{Config, Pace, Repository, RepositoryError};

/// What a server has to keep up with.
pub const PACE: Pace = Pace {
    window: Duration::from_secs(1),
    bytes: 1000,
};

/// Bytes of a root file system, and of its hash tree.
pub const BLOCK: usize = 4096;

pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A repository with one version, and a node that trusts it.
pub struct Workshop {
    pub folder: tempfile::TempDir,
    pub runtime: Runtime,
}

impl Workshop {
    pub fn new() -> Self {
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

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn published(&self, name: &str) -> Published {
        Published::new(self.path(name))
    }

    pub fn create(&self, name: &str, key: &str) {
        KeyLocation::from(self.path(key)).generate().unwrap();
        let roles = Roles {
            keys: vec![self.path(key).into()],
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
    pub fn publish(&self, name: &str, key: &str, version: &str, fresh: SignedDuration) {
        let image = self.path(&format!("image-{name}-{version}"));
        fs::create_dir(&image).unwrap();
        let contents = format!(
            r#"{{"variant": "metal-dev", "architecture": "x86_64", "version": "{version}"}}"#
        );
        for (file, bytes) in [
            ("contents.json", contents.as_bytes()),
            ("bottlerocket-metal-dev-x86_64.efi", version.as_bytes()),
            ("root.erofs", &[0; BLOCK]),
            ("root.hash", &superblock()),
        ] {
            fs::write(image.join(file), bytes).unwrap();
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

    /// Adds migrations from 1.0.0 to 1.1.0: files with their own names in them.
    pub fn add_migrations(&self, name: &str, key: &str, migrations: &[&str]) {
        let folder = self.path("migrations");
        fs::create_dir_all(&folder).unwrap();
        for migration in migrations {
            fs::write(folder.join(migration), migration).unwrap();
        }
        let list = format!("[migrations]\n\"(1.0.0, 1.1.0)\" = {migrations:?}\n");
        fs::write(folder.join("migrations.toml"), list).unwrap();
        let published = self.published(name);
        let mut manifest = self.runtime.block_on(published.manifest()).unwrap();
        let targets = self.path("migration-targets");
        fs::create_dir_all(&targets).unwrap();
        let opened = Migrations::open(&folder).unwrap();
        let arch = std::env::consts::ARCH;
        opened.add(&mut manifest, arch, &targets).unwrap();
        self.sign(name, key, &manifest, targets, DAY);
    }

    pub fn sign(
        &self,
        name: &str,
        key: &str,
        manifest: &Manifest,
        targets: PathBuf,
        fresh: SignedDuration,
    ) {
        fs::create_dir_all(&targets).unwrap();
        let signers = Signers {
            keys: vec![self.path(key).into()],
            fresh,
            valid: DAY,
        };
        let repository = self.published(name);
        let done = repository.publish(manifest, &targets, &signers);
        self.runtime.block_on(done).unwrap();
    }

    /// What the node is told of a repository.
    pub fn config(&self, name: &str) -> Config {
        self.config_at(&format!("file://{}", self.path(name).display()))
    }

    pub fn config_at(&self, base: &str) -> Config {
        let config = self.path("updog.toml");
        let text =
            format!("metadata_base_url = '{base}/metadata'\ntargets_base_url = '{base}/targets'\n");
        fs::write(&config, text).unwrap();
        Config::read(&config).unwrap()
    }

    /// What a node sees of a repository: the number of versions.
    pub fn look(&self, name: &str) -> Result<usize, String> {
        self.look_with(&self.config(name))
    }

    pub fn look_with(&self, config: &Config) -> Result<usize, String> {
        let (trusted, seen) = (self.path("trusted"), self.path("seen"));
        let looked = async {
            let opened = Repository::open_at(PACE, config, &trusted, &seen);
            Ok::<_, RepositoryError>(opened.await?.manifest().await?.updates.len())
        };
        self.runtime
            .block_on(looked)
            .map_err(|error| applet::explain(&error.into()))
    }
}

/// Puts a folder in the place of another one.
pub fn replace(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    copy(from, to);
}

pub fn copy(from: &Path, to: &Path) {
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

/// What is in front of the hash tree of one block (dm-verity, hash type 1).
fn superblock() -> Vec<u8> {
    let mut bytes = b"verity\0\0".to_vec();
    bytes.extend([1u32, 1].map(u32::to_le_bytes).concat());
    bytes.extend([0; 16]);
    bytes.extend(b"sha256");
    bytes.resize(64, 0);
    bytes.extend([BLOCK as u32; 2].map(u32::to_le_bytes).concat());
    bytes.extend(1u64.to_le_bytes());
    bytes.resize(BLOCK, 0);
    bytes
}
