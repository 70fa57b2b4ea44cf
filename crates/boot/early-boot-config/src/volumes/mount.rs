//! A volume, mounted where nobody else sees it: on no folder at all. It is
//! gone with the last file that is open on it.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use apiclient::user_data::MAX_BYTES;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};

use super::label::FileSystem;

/// The volume.
#[derive(Debug)]
pub(super) struct Mounted {
    root: OwnedFd,
}

impl Mounted {
    /// Mounts the file system on the device, for reading alone.
    pub(super) fn new(device: &Path, file_system: FileSystem) -> Result<Self, String> {
        let mount = || {
            let context = fsopen(file_system.name(), FsOpenFlags::FSOPEN_CLOEXEC)?;
            fsconfig_set_string(&context, "source", device)?;
            fsconfig_set_flag(&context, "ro")?;
            fsconfig_create(&context)?;
            fsmount(
                &context,
                FsMountFlags::FSMOUNT_CLOEXEC,
                MountAttrFlags::MOUNT_ATTR_RDONLY
                    | MountAttrFlags::MOUNT_ATTR_NOSUID
                    | MountAttrFlags::MOUNT_ATTR_NODEV
                    | MountAttrFlags::MOUNT_ATTR_NOEXEC,
            )
        };
        let root = mount().map_err(|error: rustix::io::Errno| {
            format!("failed to mount it as {}: {error}", file_system.name())
        })?;
        Ok(Self { root })
    }

    /// Reads a file: at most one byte more than user data may have, so that
    /// its reader sees it. `None` if there is no such file.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let failed = |error: io::Error| format!("failed to read {path}: {error}");
        let opened = openat2(
            &self.root,
            path,
            // Without waiting, should it be a pipe.
            OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK,
            Mode::empty(),
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV,
        );
        let file = match opened {
            Err(error) if error == rustix::io::Errno::NOENT => return Ok(None),
            opened => File::from(opened.map_err(|e| failed(e.into()))?),
        };
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(format!("{path} is not a regular file"));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        Ok(Some(bytes))
    }
}
