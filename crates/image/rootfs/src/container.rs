//! The root file system of a container.

use crate::software::read;
use crate::{Error, Software, copy, libraries};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Folders that always exist: mount points, and places that programs expect.
const FOLDERS: [&str; 10] = [
    "dev",
    "etc",
    "home",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/local/bin",
    "var/tmp",
];

/// A container, as `conf/containers/NAME.toml` defines it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// The group of packages that its files come from.
    pub packages: String,
    /// What it has of them and of ours.
    pub software: Software,
    /// Programs of others that are several: the names of links beside each, which
    /// give way to files that are there.
    #[serde(default)]
    pub multicall: BTreeMap<String, Vec<String>>,
    /// What the image says of running it.
    pub image: ContainerImage,
}

/// What an image says of running it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerImage {
    /// The command.
    pub entrypoint: Vec<String>,
}

impl Container {
    /// Reads a definition from the `conf` folder.
    pub fn read(conf: &Path, name: &str) -> Result<Container, Error> {
        let mut container: Container = read(&conf.join("containers").join(format!("{name}.toml")))?;
        container.software.name = name.to_owned();
        Ok(container)
    }

    /// Makes its root in `root`, which is replaced: files of the packages, our
    /// programs, and on top of them the folder beside the definition.
    pub fn build(
        &self,
        packages: &Path,
        programs: &Path,
        overlay: &Path,
        root: &Path,
    ) -> Result<(), Error> {
        if root.exists() {
            files::at("remove", root, std::fs::remove_dir_all(root))?;
        }
        copy::merged_folders(root)?;
        for folder in FOLDERS {
            files::create_dir_all(&root.join(folder))?;
        }
        for folder in ["tmp", "var/tmp"] {
            let path = root.join(folder);
            let open = std::fs::set_permissions(&path, Permissions::from_mode(0o1777));
            files::at("set the mode of", &path, open)?;
        }
        copy::packaged(packages, &self.software, root)?;
        copy::programs(programs, &self.software, root)?;
        if overlay.is_dir() {
            copy::overlay(overlay, root)?;
        }
        libraries::complete(packages, root, self.software.libraries.iter())?;
        for (program, names) in &self.multicall {
            let program = Path::new(program);
            let target = program.file_name().unwrap_or_default().to_string_lossy();
            for name in names {
                // Programs of others are found in both folders.
                let is_there = |folder| root.join(folder).join(name).symlink_metadata().is_ok();
                if !["usr/bin", "usr/sbin"].into_iter().any(is_there) {
                    copy::make_link(&target, &root.join(program.with_file_name(name)))?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_of_a_program_give_way_to_programs() {
        let work = tempfile::tempdir().unwrap();
        let at = |path: &str| work.path().join(path);
        for folder in [
            "packages/usr/bin",
            "packages/usr/lib",
            "overlay/etc",
            "conf/containers",
        ] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for program in ["busybox", "ps"] {
            fs::write(at("packages/usr/bin").join(program), program).unwrap();
        }
        fs::write(at("overlay/etc/motd"), "hello").unwrap();
        let text = "packages = 'x'\n[software]\nfiles = ['usr/bin/busybox', 'usr/bin/ps']\n\
            [multicall]\n'usr/bin/busybox' = ['ls', 'ps']\n[image]\nentrypoint = ['/usr/bin/ls']\n";
        fs::write(at("conf/containers/a.toml"), text).unwrap();
        let container = Container::read(&at("conf"), "a").unwrap();
        let build = || {
            container.build(
                &at("packages"),
                &at("programs"),
                &at("overlay"),
                &at("root"),
            )
        };
        build().unwrap();
        build().unwrap();
        assert_eq!(fs::read_to_string(at("root/bin/ls")).unwrap(), "busybox");
        assert_eq!(fs::read_to_string(at("root/bin/ps")).unwrap(), "ps");
        assert_eq!(fs::read_to_string(at("root/etc/motd")).unwrap(), "hello");
        let mode = fs::metadata(at("root/tmp")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o1777);
        assert!(Container::read(&at("conf"), "b").is_err());
    }
}
