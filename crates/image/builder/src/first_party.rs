//! Our own files as another builder's recipes installed them.

use crate::contents::{Pieces, policy_digests};
use crate::requirements::fragments;
use anyhow::{Result, bail};
use disk::Architecture;
use rootfs::{InstalledPolicy, Options};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A prefix with `bin` and `share/bottlerocket`.
#[derive(Debug)]
pub(crate) struct FirstParty {
    root: PathBuf,
}

impl FirstParty {
    /// The prefix in that folder.
    pub(crate) fn open(folder: &Path) -> Result<FirstParty> {
        let first_party = FirstParty {
            root: folder.to_owned(),
        };
        for part in [first_party.programs(), first_party.overlays()] {
            if !part.is_dir() {
                bail!(
                    "{} is no folder\nhint: --first-party is a prefix with bin and \
                     share/bottlerocket/rootfs, such as a sysroot's usr",
                    part.display()
                );
            }
        }
        Ok(first_party)
    }

    /// The programs.
    pub(crate) fn programs(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// The folder with an overlay for each software set.
    pub(crate) fn overlays(&self) -> PathBuf {
        self.shared("rootfs")
    }

    /// The compiled policy of a variant, as it lies in the image.
    pub(crate) fn policy(&self, variant: &str) -> PathBuf {
        self.shared("selinux").join(variant)
    }

    /// The kernel options that the recipes ask for, if they carry any.
    pub(crate) fn kernel_options(&self, architecture: Architecture) -> Result<Option<Options>> {
        let folder = self.shared("kernel");
        let carried = folder.is_dir().then(|| fragments(&folder, architecture));
        carried.transpose()
    }

    /// All of it that a variant is made of.
    pub(crate) fn pieces(&self, variant: &str, architecture: Architecture) -> Result<Pieces> {
        let tree = self.policy(variant);
        let policy = match tree.is_dir() {
            true => policy_digests(&InstalledPolicy::open(&tree)?)?,
            false => BTreeMap::new(),
        };
        Ok(Pieces {
            programs: Some(self.programs()),
            overlays: self.overlays(),
            policy,
            kernel_options: self.kernel_options(architecture)?.unwrap_or_default(),
        })
    }

    fn shared(&self, name: &str) -> PathBuf {
        self.root.join("share/bottlerocket").join(name)
    }
}
