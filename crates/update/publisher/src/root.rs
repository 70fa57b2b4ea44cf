//! The root of trust: which keys sign what, and how many it takes.

use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::rand::SystemRandom;
use jiff::Timestamp;
use tough::editor::signed::SignedRole;
use tough::key_source::KeySource;
use tough::schema::{KeyHolder, RoleKeys, RoleType, Root};

use crate::KeyLocation;

/// The keys of a repository.
#[derive(Debug, Clone)]
pub struct Roles {
    /// Keys that sign what is offered, and the root itself: kept offline.
    pub keys: Vec<KeyLocation>,
    /// How many of them it takes.
    pub threshold: NonZeroU64,
    /// Keys that sign how fresh it is; the same ones if there are none.
    pub online_keys: Vec<KeyLocation>,
}

/// Writes `1.root.json` into a folder of metadata that has none.
///
/// # Errors
///
/// If there is a root already, or too few keys for the threshold.
pub async fn create(metadata: &Path, roles: &Roles, expires: Timestamp) -> Result<()> {
    let path = metadata.join("1.root.json");
    let exists = files::at("look for", &path, path.try_exists())?;
    ensure!(
        !exists,
        "{} exists already; hint: nodes that trust it would trust no other one",
        path.display()
    );
    let offline = roles.keys.as_slice();
    let online = match roles.online_keys.as_slice() {
        [] => offline,
        keys => keys,
    };
    let mut root = Root {
        spec_version: "1.0.0".to_owned(),
        consistent_snapshot: true,
        version: NonZeroU64::MIN,
        expires,
        keys: HashMap::new(),
        roles: HashMap::new(),
        _extra: HashMap::new(),
    };
    for (role, keys, threshold) in [
        (RoleType::Root, offline, roles.threshold),
        (RoleType::Targets, offline, roles.threshold),
        (RoleType::Snapshot, online, NonZeroU64::MIN),
        (RoleType::Timestamp, online, NonZeroU64::MIN),
    ] {
        let mut keyids = Vec::new();
        for location in keys {
            let key = location.open().await?.tuf_key();
            let id = key.key_id().context("failed to name a key")?;
            if keyids.contains(&id) {
                bail!("{location} is given twice");
            }
            root.keys.insert(id.clone(), key);
            keyids.push(id);
        }
        ensure!(
            keyids.len() as u64 >= threshold.get(),
            "{} keys cannot make {threshold} signatures",
            keyids.len()
        );
        let role_keys = RoleKeys {
            keyids,
            threshold,
            _extra: HashMap::new(),
        };
        root.roles.insert(role, role_keys);
    }
    let holder = KeyHolder::Root(root.clone());
    let keys = sources(&roles.keys);
    let signed = SignedRole::new(root, &holder, &keys, &SystemRandom::new()).await?;
    files::create_dir_all(metadata)?;
    Ok(files::replace(&path, signed.buffer(), 0o644)?)
}

/// Keys as they are signed with.
pub(crate) fn sources(keys: &[KeyLocation]) -> Vec<Box<dyn KeySource>> {
    keys.iter().map(KeyLocation::source).collect()
}
