//! Bringing files into the root.
//!
//! Owners, times and odd permission bits do not come along: everything in the
//! image belongs to root, is as old as the release, and is either readable or
//! readable and executable.

use crate::{Error, Software, alternatives};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// Folders that always exist: mount points, and places the system expects.
const FOLDERS: [&str; 21] = [
    ".bottlerocket/datastore",
    "boot",
    "dev",
    "etc",
    "home",
    "local",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "srv",
    "sys",
    "tmp",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/sbin",
    "usr/share/factory/etc",
    "var",
];

/// The links of a merged `/usr`.
const MERGED: [(&str, &str); 4] = [
    ("bin", "usr/bin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("sbin", "usr/sbin"),
];

pub(crate) fn skeleton(root: &Path) -> Result<(), Error> {
    for folder in FOLDERS {
        files::create_dir_all(&root.join(folder))?;
    }
    merged_folders(root)
}

/// The folders of a merged `/usr`, and the links that lead there.
pub(crate) fn merged_folders(root: &Path) -> Result<(), Error> {
    for (link, target) in MERGED {
        files::create_dir_all(&root.join(target))?;
        make_link(target, &root.join(link))?;
    }
    Ok(())
}

/// Takes the files a software set lists from the unpacked packages.
pub(crate) fn packaged(packages: &Path, set: &Software, root: &Path) -> Result<(), Error> {
    for pattern in &set.files {
        let full = packages.join(pattern);
        let matches: Vec<PathBuf> = glob::glob(&full.to_string_lossy())
            .map(|paths| paths.flatten().collect())
            .unwrap_or_default();
        if matches.is_empty() {
            return Err(Error::NoSuchFile {
                pattern: pattern.clone(),
                set: set.name.clone(),
            });
        }
        for source in matches {
            let relative = source.strip_prefix(packages).unwrap_or(&source);
            let chosen = alternatives::chosen(packages, relative)?;
            file_or_tree(&packages.join(chosen), &root.join(relative))?;
        }
    }
    for (place, target) in &set.links {
        make_link(target, &root.join(place))?;
    }
    Ok(())
}

/// Takes the external programs of a software set from where they were given, else
/// from the unpacked packages.
pub(crate) fn external(
    packages: &Path,
    given: &BTreeMap<String, Option<PathBuf>>,
    set: &Software,
    root: &Path,
) -> Result<(), Error> {
    for (name, external) in &set.external {
        let place = root.join(&external.path);
        match given.get(name) {
            Some(None) => continue,
            Some(Some(file)) => file_or_tree(file, &place)?,
            None => {
                let source = packages.join(&external.path);
                if !source.exists() {
                    return Err(Error::NoSuchFile {
                        pattern: external.path.display().to_string(),
                        set: set.name.clone(),
                    });
                }
                file_or_tree(&source, &place)?;
            }
        }
        // Downloads are not executable yet.
        let executable = fs::Permissions::from_mode(0o755);
        files::at(
            "set the mode of",
            &place,
            fs::set_permissions(&place, executable),
        )?;
    }
    Ok(())
}

/// Installs first-party programs, with a link for each applet.
pub(crate) fn programs(folder: &Path, set: &Software, root: &Path) -> Result<(), Error> {
    let bin = root.join("usr/bin");
    for (program, applets) in &set.programs {
        file_or_tree(&folder.join(program), &bin.join(program))?;
        for applet in applets {
            make_link(program, &bin.join(applet))?;
        }
    }
    Ok(())
}

/// Lays a folder's content over the root.
pub(crate) fn overlay(folder: &Path, root: &Path) -> Result<(), Error> {
    file_or_tree(folder, root)
}

/// Where units lie.
const UNITS: &str = "usr/lib/systemd/system";

/// Lets targets want the services of a software set, and masks what it masks.
pub(crate) fn services(set: &Software, root: &Path) -> Result<(), Error> {
    let units = root.join(UNITS);
    for (target, wanted) in &set.services {
        let folder = units.join(format!("{target}.wants"));
        for unit in wanted {
            make_link(&format!("../{}", template(unit)), &folder.join(unit))?;
        }
    }
    for unit in &set.masked {
        make_link("/dev/null", &units.join(unit))?;
    }
    Ok(())
}

/// The file of a unit: that of its template, if it is an instance of one.
fn template(unit: &str) -> String {
    match (unit.find('@'), unit.rfind('.')) {
        (Some(at), Some(dot)) if at < dot => format!("{}{}", &unit[..=at], &unit[dot..]),
        _ => unit.to_owned(),
    }
}

pub(crate) fn make_link(target: &str, link: &Path) -> Result<(), Error> {
    prepare(link)?;
    Ok(files::at("link", link, symlink(target, link))?)
}

/// Copies a file, a link as a link, or a folder with what it holds.
pub(crate) fn file_or_tree(from: &Path, to: &Path) -> Result<(), Error> {
    let metadata = files::at("examine", from, fs::symlink_metadata(from))?;
    if metadata.is_symlink() {
        prepare(to)?;
        let target = files::at("read", from, fs::read_link(from))?;
        files::at("link", to, symlink(target, to))?;
    } else if metadata.is_dir() {
        files::create_dir_all(to)?;
        for entry in files::at("list", from, fs::read_dir(from))? {
            let entry = files::at("list", from, entry)?;
            file_or_tree(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else {
        prepare(to)?;
        files::at("copy", from, fs::copy(from, to))?;
        let executable = metadata.permissions().mode() & 0o111 != 0;
        let mode = if executable { 0o755 } else { 0o644 };
        let permissions = fs::Permissions::from_mode(mode);
        files::at("set the mode of", to, fs::set_permissions(to, permissions))?;
    }
    Ok(())
}

/// Makes room for a new file: its folder exists, an older file does not.
fn prepare(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        files::create_dir_all(folder)?;
    }
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Ok(files::at("replace", path, Err(e))?)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::External;

    #[test]
    fn a_later_file_replaces_an_earlier_one_and_modes_are_plain() {
        let work = tempfile::tempdir().unwrap();
        let (one, two, root) = (
            work.path().join("1"),
            work.path().join("2"),
            work.path().join("r"),
        );
        for (folder, text) in [(&one, "old"), (&two, "new")] {
            fs::create_dir_all(folder.join("usr/bin")).unwrap();
            fs::write(folder.join("usr/bin/tool"), text).unwrap();
            let odd = fs::Permissions::from_mode(0o4711);
            fs::set_permissions(folder.join("usr/bin/tool"), odd).unwrap();
        }
        symlink("tool", two.join("usr/bin/alias")).unwrap();
        skeleton(&root).unwrap();
        overlay(&one, &root).unwrap();
        overlay(&two, &root).unwrap();
        let tool = root.join("usr/bin/tool");
        assert_eq!(fs::read_to_string(&tool).unwrap(), "new");
        assert_eq!(
            fs::metadata(&tool).unwrap().permissions().mode() & 0o7777,
            0o755
        );
        assert_eq!(
            fs::read_link(root.join("usr/bin/alias")).unwrap(),
            Path::new("tool")
        );
    }

    #[test]
    fn a_listed_file_that_no_package_has_is_an_error() {
        let work = tempfile::tempdir().unwrap();
        let set = Software {
            name: "base".into(),
            files: vec!["usr/bin/absent*".into()],
            ..Software::default()
        };
        let error = packaged(work.path(), &set, work.path()).unwrap_err();
        assert!(error.to_string().contains("usr/bin/absent*"), "{error}");
    }

    #[test]
    fn an_external_program_is_given_left_out_or_a_package_has_it() {
        let work = tempfile::tempdir().unwrap();
        let (packages, root) = (work.path().join("p"), work.path().join("r"));
        let download = work.path().join("agent-1.2");
        fs::write(&download, "given").unwrap();
        let external = External {
            path: "usr/bin/agent".into(),
            from: BTreeMap::new(),
        };
        let set = Software {
            external: [("agent".to_owned(), external)].into(),
            ..Software::default()
        };
        let take = |file: Option<Option<PathBuf>>| {
            let given = file.map(|file| ("agent".to_owned(), file));
            super::external(&packages, &given.into_iter().collect(), &set, &root)
        };
        let agent = root.join("usr/bin/agent");
        take(Some(None)).unwrap();
        assert!(!agent.exists());
        let error = take(None).unwrap_err();
        assert!(error.to_string().contains("usr/bin/agent"), "{error}");
        take(Some(Some(download))).unwrap();
        assert_eq!(fs::read_to_string(&agent).unwrap(), "given");
        assert_eq!(
            fs::metadata(&agent).unwrap().permissions().mode() & 0o777,
            0o755
        );
        fs::create_dir_all(packages.join("usr/bin")).unwrap();
        fs::write(packages.join("usr/bin/agent"), "packaged").unwrap();
        take(None).unwrap();
        assert_eq!(fs::read_to_string(&agent).unwrap(), "packaged");
    }

    #[test]
    fn a_chosen_alternative_is_copied_under_its_common_name() {
        let work = tempfile::tempdir().unwrap();
        let (packages, root) = (work.path().join("p"), work.path().join("r"));
        fs::create_dir_all(packages.join("usr/bin")).unwrap();
        fs::write(packages.join("usr/bin/mount.util-linux"), "program").unwrap();
        let link = packages.join("usr/bin/mount");
        symlink("/usr/bin/mount.util-linux", link).unwrap();
        let set = Software {
            files: vec!["usr/bin/mount".into()],
            ..Software::default()
        };
        packaged(&packages, &set, &root).unwrap();
        let copied = root.join("usr/bin/mount");
        assert!(!copied.is_symlink());
        assert_eq!(fs::read_to_string(copied).unwrap(), "program");
    }

    #[test]
    fn targets_want_services_and_masks_win() {
        let root = tempfile::tempdir().unwrap();
        let units = root.path().join(UNITS);
        fs::create_dir_all(&units).unwrap();
        fs::write(units.join("a.socket"), "[Socket]").unwrap();
        let set = Software {
            services: [(
                "x.target".into(),
                vec!["a.socket".into(), "b@y.service".into()],
            )]
            .into(),
            masked: vec!["a.socket".into()],
            ..Software::default()
        };
        services(&set, root.path()).unwrap();
        let table = [
            ("x.target.wants/a.socket", "../a.socket"),
            ("x.target.wants/b@y.service", "../b@.service"),
            ("a.socket", "/dev/null"),
        ];
        for (link, target) in table {
            assert_eq!(fs::read_link(units.join(link)).unwrap(), Path::new(target));
        }
    }
}
