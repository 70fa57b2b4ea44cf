//! Mounting, and changing from the initramfs to the real root.

use crate::log::Log;
use rustix::mount::{MountFlags, mount, mount_move};
use rustix::process::{chdir, chroot};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::ffi::CStr;
use std::fs::OpenOptions;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Where the root file system is put together.
pub const SYSROOT: &str = "/sysroot";

/// The file systems of the kernel that are needed to find a root, with the
/// flags that systemd gives them.
const KERNEL_FILE_SYSTEMS: [(&str, &str, MountFlags, Option<&CStr>); 3] = [
    ("devtmpfs", "/dev", MountFlags::NOSUID, Some(c"mode=0755")),
    ("proc", "/proc", RESTRICTED, None),
    ("sysfs", "/sys", RESTRICTED, None),
];

const RESTRICTED: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

/// Mounts devices, processes and kernel objects.
pub fn kernel_file_systems() -> Result<(), files::Error> {
    KERNEL_FILE_SYSTEMS
        .into_iter()
        .try_for_each(|(kind, target, flags, options)| {
            files::create_dir_all(Path::new(target))?;
            mount_at(kind, kind, target, flags, options)
        })
}

/// Mounts the verified root.
///
/// Not `nosuid`: that would forbid the change of SELinux domain on every
/// execution. There is no set-user-ID program in the image, nor a way to make
/// one.
pub fn root(device: &Path) -> Result<(), files::Error> {
    files::create_dir_all(Path::new(SYSROOT))?;
    let flags = MountFlags::RDONLY | MountFlags::NODEV;
    let result = mount(device, SYSROOT, "erofs", flags, None);
    files::at(
        "mount the EROFS root from",
        device,
        result.map_err(Into::into),
    )
}

/// Mounts the kernel's interface to SELinux.
pub fn selinux(target: &str) -> Result<(), files::Error> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount_at("selinuxfs", "selinuxfs", target, flags, None)
}

/// Mounts the memory that holds `/etc`. The label is given for the root of it,
/// and what is created below inherits it; the kernel accepts it only once a
/// policy is loaded.
pub fn etc() -> Result<(), files::Error> {
    let options = c"mode=0755,size=32m,rootcontext=system_u:object_r:etc_t:s0";
    mount_at("tmpfs", "tmpfs", "/etc", RESTRICTED, Some(options))
}

fn mount_at(
    source: &str,
    kind: &str,
    target: &str,
    flags: MountFlags,
    options: Option<&CStr>,
) -> Result<(), files::Error> {
    let result = mount(source, target, kind, flags, options);
    files::at("mount", Path::new(target), result.map_err(Into::into))
}

/// Makes the mounted root the root of everything, and takes the kernel's file
/// systems along. Until here the content of the initramfs was held in memory;
/// it is given back.
pub fn switch_root(log: &Log) -> Result<(), files::Error> {
    let root = Path::new("/");
    for (_, path, _, _) in KERNEL_FILE_SYSTEMS {
        let result = mount_move(path, format!("{SYSROOT}{path}"));
        files::at("move", Path::new(path), result.map_err(Into::into))?;
    }
    if let Err(error) = device_of(root).and_then(|device| remove_content(root, device)) {
        log.warn(&format!(
            "some memory of the initramfs is not given back: {error}"
        ));
    }
    let result = chdir(SYSROOT)
        .and_then(|()| mount_move(".", "/"))
        .and_then(|()| chroot("."))
        .and_then(|()| chdir("/"));
    files::at("switch to", Path::new(SYSROOT), result.map_err(Into::into))
}

/// Opens the console as standard input, output and error. Those given by the
/// kernel belong to the initramfs, which has no label that a process of the
/// system could use.
pub fn console() -> Result<(), files::Error> {
    let path = Path::new("/dev/console");
    let open = OpenOptions::new().read(true).write(true).open(path);
    let console = files::at("open", path, open)?;
    let result = dup2_stdin(&console)
        .and_then(|()| dup2_stdout(&console))
        .and_then(|()| dup2_stderr(&console));
    files::at("use", path, result.map_err(Into::into))
}

/// Removes what a folder holds on one file system, and never what is mounted
/// there. Folders are left: they take next to nothing, and some are mount
/// points.
fn remove_content(folder: &Path, device: u64) -> Result<(), files::Error> {
    for entry in files::at("list", folder, std::fs::read_dir(folder))? {
        let entry = files::at("list", folder, entry)?;
        let path = entry.path();
        let kind = files::at("examine", &path, entry.file_type())?;
        if !kind.is_dir() {
            files::at("remove", &path, std::fs::remove_file(&path))?;
        } else if device_of(&path)? == device {
            remove_content(&path, device)?;
        }
    }
    Ok(())
}

fn device_of(path: &Path) -> Result<u64, files::Error> {
    let metadata = std::fs::symlink_metadata(path);
    Ok(files::at("examine", path, metadata)?.dev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_removed_and_folders_are_left() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("modules/deep")).unwrap();
        std::fs::write(root.join("modules/deep/erofs.ko"), "x").unwrap();
        std::fs::write(root.join("init"), "x").unwrap();
        std::os::unix::fs::symlink("modules", root.join("link")).unwrap();
        remove_content(root, device_of(root).unwrap()).unwrap();
        assert!(root.join("modules/deep").is_dir());
        assert_eq!(
            std::fs::read_dir(root.join("modules/deep"))
                .unwrap()
                .count(),
            0
        );
        assert_eq!(std::fs::read_dir(root).unwrap().count(), 1);
    }

    #[test]
    fn another_file_system_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("dev")).unwrap();
        std::fs::write(root.join("dev/null"), "x").unwrap();
        // As seen from a file system with another number, `dev` is a mount.
        remove_content(root, u64::MAX).unwrap();
        assert!(root.join("dev/null").exists());
    }
}
