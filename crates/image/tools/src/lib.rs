//! Where the image tools (`mkfs.erofs`, `veritysetup`, `secilc`, QEMU, ...)
//! come from.
//!
//! The Debian-based builder unpacks pinned packages into a private tree and
//! runs their programs through that tree's own dynamic loader, so that an image
//! does not depend on what the workstation has installed. BitBake puts its
//! native tools on `PATH`, where [`Tools::host`] finds them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A set of programs to build and run images with.
#[derive(Debug, Clone)]
pub struct Tools {
    tree: Option<Tree>,
}

#[derive(Debug, Clone)]
struct Tree {
    root: PathBuf,
    loader: PathBuf,
    libraries: String,
}

/// Why the tools cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The private tree has no dynamic loader.
    #[error("no dynamic loader below {}\nhint: remove that folder, it is unpacked again", .0.display())]
    NoLoader(PathBuf),
    /// The private tree lacks a program.
    #[error("the tools have no program `{name}` (looked in usr/bin, usr/sbin and usr/lib/qemu below {})", root.display())]
    Missing {
        /// The program asked for.
        name: String,
        /// The private tree.
        root: PathBuf,
    },
}

const LOADERS: [&str; 3] = [
    "usr/lib64/ld-linux-x86-64.so.2",
    "usr/lib/ld-linux-x86-64.so.2",
    "usr/lib/ld-linux-aarch64.so.1",
];
const PROGRAM_FOLDERS: [&str; 3] = ["usr/bin", "usr/sbin", "usr/lib/qemu"];

impl Tools {
    /// Programs found through `PATH`.
    pub fn host() -> Tools {
        Tools { tree: None }
    }

    /// Programs of a tree of unpacked packages.
    pub fn unpacked(root: &Path) -> Result<Tools, Error> {
        let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
        let loader = LOADERS
            .iter()
            .map(|l| root.join(l))
            .find(|l| l.exists())
            .ok_or_else(|| Error::NoLoader(root.clone()))?;
        let libraries = library_folders(&root)
            .iter()
            .map(|p| p.display().to_string())
            .collect::<Vec<_>>()
            .join(":");
        Ok(Tools {
            tree: Some(Tree {
                root,
                loader,
                libraries,
            }),
        })
    }

    /// The root of the private tree, for data files such as firmware.
    pub fn root(&self) -> Option<&Path> {
        self.tree.as_ref().map(|t| t.root.as_path())
    }

    /// A command that runs the named program.
    pub fn command(&self, name: &str) -> Result<Command, Error> {
        let Some(tree) = &self.tree else {
            return Ok(Command::new(name));
        };
        let program = PROGRAM_FOLDERS
            .iter()
            .map(|f| tree.root.join(f).join(name))
            .find(|p| p.exists())
            .ok_or_else(|| Error::Missing {
                name: name.to_owned(),
                root: tree.root.clone(),
            })?;
        Ok(tree.run(&program, name))
    }

    /// A command that runs a program at a path, under a name.
    pub fn command_at(&self, program: &Path, name: &str) -> Command {
        match &self.tree {
            Some(tree) => tree.run(program, name),
            None => Command::new(program),
        }
    }
}

impl Tree {
    fn run(&self, program: &Path, name: &str) -> Command {
        let mut command = Command::new(&self.loader);
        command
            .arg("--library-path")
            .arg(&self.libraries)
            .args(["--argv0", name])
            .arg(program);
        // Character set conversions are plug-ins of the C library that must
        // be of its own version.
        if let Some(folder) = library_folders(&self.root).first() {
            command.env("GCONV_PATH", folder.join("gconv"));
        }
        command
    }
}

fn library_folders(root: &Path) -> Vec<PathBuf> {
    ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .iter()
        .map(|triplet| root.join("usr/lib").join(triplet))
        .filter(|p| p.is_dir())
        .flat_map(|p| [p.clone(), p.join("systemd")])
        .chain([root.join("usr/lib")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn programs_of_a_tree_run_through_its_own_loader() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            LOADERS[0],
            "usr/bin/mkfs.erofs",
            "usr/lib/x86_64-linux-gnu/libc.so.6",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let tools = Tools::unpacked(root.path()).unwrap();
        let command = tools.command("mkfs.erofs").unwrap();
        assert_eq!(
            command.get_program(),
            root.path().join(LOADERS[0]).as_os_str()
        );
        assert!(
            command
                .get_args()
                .any(|a| a == root.path().join("usr/bin/mkfs.erofs").as_os_str())
        );
        assert!(matches!(
            tools.command("absent"),
            Err(Error::Missing { .. })
        ));
    }

    #[test]
    fn a_tree_without_loader_is_refused() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(
            Tools::unpacked(root.path()),
            Err(Error::NoLoader(_))
        ));
    }
}
