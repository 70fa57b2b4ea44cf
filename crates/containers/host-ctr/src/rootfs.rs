//! A container's root: the layers of its image, and on top of them what it writes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use images::{Image, Store};
use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount, unmount,
};

/// A mounted root, unmounted when it is dropped.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
    written: PathBuf,
}

impl Root {
    /// Mounts an image's layers on `path`. What is written is in the folder
    /// `written`, which begins empty and ends with the container.
    pub(crate) fn mount(
        store: &Store,
        image: &Image,
        path: &Path,
        written: &Path,
        label: Option<&str>,
    ) -> Result<Self> {
        clear(path, written);
        let (upper, work) = (written.join("upper"), written.join("work"));
        for folder in [path, &upper, &work] {
            files::create_dir_all(folder)?;
        }
        let root = Self {
            path: path.to_owned(),
            written: written.to_owned(),
        };
        let mount = || -> rustix::io::Result<()> {
            let overlay = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
            // The uppermost comes first.
            for layer in image.layers.iter().rev() {
                fsconfig_set_string(&overlay, "lowerdir+", store.layer(layer))?;
            }
            fsconfig_set_string(&overlay, "upperdir", &upper)?;
            fsconfig_set_string(&overlay, "workdir", &work)?;
            if let Some(label) = label {
                fsconfig_set_string(&overlay, "context", label)?;
            }
            fsconfig_create(&overlay)?;
            let flags = FsMountFlags::FSMOUNT_CLOEXEC;
            let mount = fsmount(&overlay, flags, MountAttrFlags::MOUNT_ATTR_NODEV)?;
            move_mount(
                &mount,
                "",
                CWD,
                path,
                MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
            )
        };
        mount().with_context(|| format!("failed to mount {}", path.display()))?;
        Ok(root)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        clear(&self.path, &self.written);
    }
}

/// Takes away what is, or was left, of a container's root. What does not work here
/// is tried again before the container starts the next time.
fn clear(path: &Path, written: &Path) {
    while unmount(path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW).is_ok() {}
    let _ = std::fs::remove_dir(path);
    let _ = std::fs::remove_dir_all(written);
}
