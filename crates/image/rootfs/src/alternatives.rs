//! Links that package managers make to choose one of several programs.
//!
//! `/usr/bin/mount` may be a link to `mount.util-linux`, absolute or not. Such
//! a choice was made when the packages were installed; an image has one program
//! under the name that everything else knows.

use crate::paths::{below_usr, normalise};
use crate::{Error, paths};
use std::fs;
use std::path::{Path, PathBuf};

/// How many links in a row are followed; Linux stops at as many.
const LINKS: usize = 40;

/// The file to copy for a listed one (both relative to the tree): itself, or
/// what it leads to if it is a link that chooses.
pub(crate) fn chosen(tree: &Path, listed: &Path) -> Result<PathBuf, Error> {
    match link(tree, listed)? {
        Some(target) if chooses(listed, &target) => follow(tree, listed),
        _ => Ok(listed.to_owned()),
    }
}

/// Absolute links lead to a place of the running system, of which the image may
/// have nothing; `NAME.VENDOR` is how alternatives are named.
fn chooses(link: &Path, target: &Path) -> bool {
    let name = link.file_name().unwrap_or_default().to_string_lossy();
    let target_name = target.file_name().unwrap_or_default().to_string_lossy();
    let vendor = target_name.strip_prefix(&*name);
    target.is_absolute() || vendor.is_some_and(|v| v.len() > 1 && v.starts_with('.'))
}

/// Follows links to their end, as they are seen inside of the tree: `/` is its
/// top, and nothing lies above that.
fn follow(tree: &Path, start: &Path) -> Result<PathBuf, Error> {
    let mut current = start.to_owned();
    for _ in 0..LINKS {
        let Some(target) = link(tree, &current)? else {
            break;
        };
        current = match target.strip_prefix("/") {
            Ok(absolute) => normalise(absolute),
            Err(_) => normalise(&current.parent().unwrap_or(Path::new("")).join(target)),
        };
        if paths::MERGED.iter().any(|f| current.starts_with(f)) {
            current = below_usr(&current);
        }
    }
    let full = tree.join(&current);
    // A folder on the way may be a link out of the tree, too.
    let inside = match (fs::canonicalize(&full), fs::canonicalize(tree)) {
        (Ok(found), Ok(tree)) => found.starts_with(tree),
        _ => false,
    };
    if full.is_symlink() || !inside {
        return Err(Error::LinkToNothing {
            link: start.to_owned(),
            target: current,
        });
    }
    Ok(current)
}

fn link(tree: &Path, path: &Path) -> Result<Option<PathBuf>, Error> {
    let full = tree.join(path);
    if !full.is_symlink() {
        return Ok(None);
    }
    Ok(Some(files::at("read", &full, fs::read_link(&full))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> tempfile::TempDir {
        let tree = tempfile::tempdir().unwrap();
        for folder in ["usr/bin", "usr/sbin", "etc/alternatives"] {
            fs::create_dir_all(tree.path().join(folder)).unwrap();
        }
        for file in [
            "usr/bin/mount.util-linux",
            "usr/sbin/mke2fs.e2fsprogs",
            "usr/bin/kmod",
        ] {
            fs::write(tree.path().join(file), file).unwrap();
        }
        tree
    }

    #[test]
    fn links_that_choose_are_followed_and_others_stay() {
        let table = [
            // Link, its target, what is to be copied.
            (
                "usr/bin/mount",
                "/usr/bin/mount.util-linux",
                "usr/bin/mount.util-linux",
            ),
            (
                "usr/bin/mount",
                "/bin/mount.util-linux",
                "usr/bin/mount.util-linux",
            ),
            (
                "usr/bin/mount",
                "mount.util-linux",
                "usr/bin/mount.util-linux",
            ),
            (
                "usr/sbin/mke2fs",
                "mke2fs.e2fsprogs",
                "usr/sbin/mke2fs.e2fsprogs",
            ),
            (
                "usr/bin/mount",
                "/etc/alternatives/mount",
                "usr/bin/mount.util-linux",
            ),
            ("usr/bin/lsmod", "/usr/bin/kmod", "usr/bin/kmod"),
            ("usr/bin/lsmod", "kmod", "usr/bin/lsmod"),
            ("usr/bin/mount", "mounted", "usr/bin/mount"),
            ("usr/bin/mount", "mount.", "usr/bin/mount"),
            // Above the top of the tree is the top of the tree.
            ("usr/bin/mount", "/../../usr/bin/kmod", "usr/bin/kmod"),
        ];
        for (listed, target, expected) in table {
            let tree = tree();
            symlink(
                "/usr/bin/mount.util-linux",
                tree.path().join("etc/alternatives/mount"),
            )
            .unwrap();
            symlink(target, tree.path().join(listed)).unwrap();
            let found = chosen(tree.path(), Path::new(listed)).unwrap();
            assert_eq!(found, Path::new(expected), "{listed} -> {target}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_or_out_of_the_tree_are_refused() {
        let outside = std::env::current_exe().unwrap();
        let table = [
            "/usr/bin/absent".to_owned(),
            "/usr/bin/mount".to_owned(),
            outside.display().to_string(),
            format!("../../../../../../../../..{}/mount.x", outside.display()),
        ];
        for target in table {
            let tree = tree();
            symlink(&target, tree.path().join("usr/bin/mount")).unwrap();
            let error = chosen(tree.path(), Path::new("usr/bin/mount")).unwrap_err();
            assert!(
                matches!(error, Error::LinkToNothing { .. }),
                "{target}: {error}"
            );
        }
    }
}
