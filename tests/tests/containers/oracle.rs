//! What we unpack is what umoci unpacks.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use end_to_end_tests::registry::Registry;
use end_to_end_tests::workspace;
use images::{Registries, Store};

/// What a file is, apart from its name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    mode: u32,
    owner: (u32, u32),
    /// Seconds and nanoseconds.
    changed: (i64, i64),
    links: u64,
    content: Vec<u8>,
}

fn facts(path: &Path) -> Result<Facts> {
    let metadata = fs::symlink_metadata(path)?;
    let kind = metadata.file_type();
    let content = if kind.is_symlink() {
        fs::read_link(path)?.into_os_string().into_encoded_bytes()
    } else if kind.is_file() {
        fs::read(path)?
    } else {
        Vec::new()
    };
    Ok(Facts {
        mode: metadata.mode(),
        owner: (metadata.uid(), metadata.gid()),
        changed: (metadata.mtime(), metadata.mtime_nsec()),
        links: if kind.is_file() { metadata.nlink() } else { 1 },
        content,
    })
}

type Tree = BTreeMap<PathBuf, Facts>;

/// Adds what is below a folder to a tree, as overlayfs would.
fn stack(tree: &mut Tree, root: &Path, folder: &Path) -> Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        let kind = entry.file_type()?;
        let hides = kind.is_char_device() && entry.metadata()?.rdev() == 0;
        if hides || !kind.is_dir() {
            tree.retain(|known, _| !known.starts_with(&path));
        }
        if hides {
            continue;
        }
        tree.insert(path.clone(), facts(&entry.path())?);
        if kind.is_dir() {
            stack(tree, root, &path)?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    ensure!(status.success(), "cp: {status}");
    Ok(())
}

#[test]
fn layers_are_as_umoci_unpacks_them() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not root: whiteouts cannot be made; skipped");
        return Ok(());
    }
    let registry = Registry::start("oracle-registry")?;
    // A tree as there are many: programs, links, folders, units.
    let real = workspace().join("build/cache/x86_64/os/usr/lib/systemd");
    let base = |root: &Path| -> Result<()> {
        fs::create_dir_all(root.join("usr/lib"))?;
        copy(&real, &root.join("usr/lib/systemd"))?;
        fs::write(root.join("setuid"), "")?;
        fs::set_permissions(root.join("setuid"), fs::Permissions::from_mode(0o4711))?;
        fs::write(root.join("one"), "two names")?;
        fs::hard_link(root.join("one"), root.join("two"))?;
        symlink("/nowhere", root.join("link"))?;
        fs::create_dir(root.join("n".repeat(200)))?;
        fs::write(root.join("ü ñ\t\\"), "a name")?;
        std::os::unix::fs::chown(root.join("setuid"), Some(1234), Some(70_000))?;
        Ok(())
    };
    let change = |root: &Path| -> Result<()> {
        fs::remove_dir_all(root.join("usr/lib/systemd/system"))?;
        fs::remove_file(root.join("link"))?;
        fs::create_dir(root.join("link"))?;
        fs::write(root.join("link/inside"), "a folder in place of a link")?;
        fs::remove_file(root.join("two"))?;
        Ok(())
    };
    let again = |root: &Path| -> Result<()> {
        fs::create_dir_all(root.join("usr/lib/systemd/system"))?;
        fs::write(root.join("usr/lib/systemd/system/new"), "back, and new")?;
        Ok(())
    };
    let theirs = registry.push("tree:1", &[&base, &change, &again])?;

    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path())?;
    let name = format!("{}/tree:1", registry.address()).parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let image = runtime.block_on(images::pull(&store, &name, &Registries::default()))?;
    assert_eq!(image.layers.len(), 3);
    let mut ours = Tree::new();
    for layer in &image.layers {
        stack(&mut ours, &store.layer(layer), Path::new(""))?;
    }
    let mut expected = Tree::new();
    stack(&mut expected, &theirs, Path::new(""))?;
    // A link in a lower layer keeps its count, whatever becomes of the other name.
    for tree in [&mut ours, &mut expected] {
        tree.get_mut(Path::new("one")).context("it is there")?.links = 1;
    }
    let paths = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&ours), paths(&expected));
    ensure!(ours.len() > 100, "the tree is too small to show anything");
    for (path, facts) in &expected {
        let found = &ours[path];
        // Too much to print.
        ensure!(
            found.content == facts.content,
            "{}: content",
            path.display()
        );
        let plain = |facts: &Facts| Facts {
            content: Vec::new(),
            ..facts.clone()
        };
        assert_eq!(plain(found), plain(facts), "{}", path.display());
    }
    Ok(())
}
