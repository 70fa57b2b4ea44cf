//! Filling `/etc` from what the image ships.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown, lchown, symlink};
use std::path::Path;

/// Copies the content of a folder into another, with modes, owners and links,
/// and returns the number of files and links.
pub fn fill(source: &Path, target: &Path) -> Result<usize, files::Error> {
    let mut copied = 0;
    for entry in files::at("list", source, fs::read_dir(source))? {
        let from = files::at("list", source, entry)?.path();
        // A path from a folder's listing ends in a name.
        let to = target.join(from.file_name().unwrap_or_default());
        let metadata = files::at("examine", &from, fs::symlink_metadata(&from))?;
        if metadata.is_dir() {
            files::at("create", &to, fs::create_dir(&to))?;
            files::at("set the mode of", &to, set_owner_and_mode(&to, &metadata))?;
            copied += fill(&from, &to)?;
        } else {
            files::at("copy to", &to, copy(&from, &to, &metadata))?;
            copied += 1;
        }
    }
    Ok(copied)
}

fn copy(from: &Path, to: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
        if owned_by_another(metadata) {
            lchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
        }
        return Ok(());
    }
    if !metadata.is_file() {
        // Opening a pipe would wait for a writer.
        return Err(io::Error::other("neither a file, a folder nor a link"));
    }
    // Closed to others until the mode is known to be the right one.
    let mut output = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)?;
    output.write_all(&fs::read(from)?)?;
    set_owner_and_mode(to, metadata)
}

/// The owner first, because a change of owner drops mode bits.
fn set_owner_and_mode(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    if owned_by_another(metadata) {
        chown(path, Some(metadata.uid()), Some(metadata.gid()))?;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(metadata.mode() & 0o7777))
}

/// Whether something would have to be given away after it was created; mostly
/// it need not, and then the policy need not allow it.
fn owned_by_another(metadata: &fs::Metadata) -> bool {
    let own = rustix::process::getuid().as_raw();
    let own_group = rustix::process::getgid().as_raw();
    metadata.uid() != own || metadata.gid() != own_group
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_links_and_folders_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("factory"), folder.path().join("etc"));
        fs::create_dir_all(source.join("ssl/private")).unwrap();
        fs::create_dir(&target).unwrap();
        for (name, mode) in [
            ("passwd", 0o644),
            ("shadow", 0o400),
            ("ssl/private/key", 0o640),
        ] {
            fs::write(source.join(name), name).unwrap();
            fs::set_permissions(source.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::set_permissions(
            source.join("ssl/private"),
            fs::Permissions::from_mode(0o700),
        )
        .unwrap();
        symlink("../usr/lib/selinux", source.join("selinux")).unwrap();

        assert_eq!(fill(&source, &target).unwrap(), 4);
        let mode = |name: &str| {
            fs::metadata(target.join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o7777
        };
        assert_eq!(fs::read_to_string(target.join("passwd")).unwrap(), "passwd");
        assert_eq!(mode("passwd"), 0o644);
        assert_eq!(mode("shadow"), 0o400);
        assert_eq!(mode("ssl/private"), 0o700);
        assert_eq!(mode("ssl/private/key"), 0o640);
        assert_eq!(
            fs::read_link(target.join("selinux")).unwrap(),
            Path::new("../usr/lib/selinux")
        );
    }

    #[test]
    fn other_kinds_are_refused_with_their_path() {
        let folder = tempfile::tempdir().unwrap();
        let (source, target) = (folder.path().join("factory"), folder.path().join("etc"));
        fs::create_dir(&source).unwrap();
        fs::create_dir(&target).unwrap();
        std::os::unix::net::UnixListener::bind(source.join("socket")).unwrap();
        let error = fill(&source, &target).unwrap_err().to_string();
        assert!(
            error.ends_with("etc/socket: neither a file, a folder nor a link"),
            "{error}"
        );
    }
}
