//! Block devices, as the kernel lists them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::label::{self, Volume};

/// Devices that are made of others, or of nothing.
const MADE_UP: [&str; 5] = ["dm-", "loop", "ram", "zram", "nbd"];

/// A disk, partition or drive.
#[derive(Debug)]
pub(super) struct Device {
    name: String,
    node: PathBuf,
}

/// The devices of the node below `root`, by name.
pub(super) fn all(root: &Path) -> files::Result<Vec<Device>> {
    let folder = root.join("sys/class/block");
    let entries = match files::at("list", &folder, fs::read_dir(&folder)) {
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !MADE_UP.iter().any(|start| name.starts_with(start)))
        .collect();
    names.sort();
    let devices = names.into_iter().map(|name| {
        // A `!` stands for a `/`, which names of files cannot have.
        let node = root.join("dev").join(name.replace('!', "/"));
        Device { name, node }
    });
    Ok(devices.collect())
}

impl Device {
    /// The file below `/dev`.
    pub(super) fn node(&self) -> &Path {
        &self.node
    }

    /// Whether it is a drive for discs.
    pub(super) fn is_cd_rom(&self) -> bool {
        self.name.starts_with("sr")
    }

    /// The volume on it, if it is of a kind that carries user data. A drive
    /// without a disc, or one that fails, has none.
    pub(super) fn volume(&self) -> Option<Volume> {
        let mut file = File::open(&self.node)
            .inspect_err(|error| tracing::debug!("{}: {error}", self.node.display()))
            .ok()?;
        label::identify(&mut file)
            .inspect_err(|error| tracing::debug!("{}: {error}", self.node.display()))
            .ok()?
    }
}
