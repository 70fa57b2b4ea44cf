//! What the overlay of a software set holds.

use super::digest;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;

/// Where units lie.
const UNITS: &str = "/usr/lib/systemd/system/";

/// Every file by its path in the image: a digest, or where a link leads.
pub(super) fn digests(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    collect(folder, "", &mut found)?;
    Ok(found)
}

fn collect(folder: &Path, place: &str, found: &mut BTreeMap<String, String>) -> Result<()> {
    for entry in files::at("list", folder, std::fs::read_dir(folder))? {
        let path = files::at("list", folder, entry)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("{place}/{name}");
        if path.is_symlink() {
            let target = files::at("read", &path, std::fs::read_link(&path))?;
            found.insert(place, format!("-> {}", target.display()));
        } else if path.is_dir() {
            collect(&path, &place, found)?;
        } else {
            found.insert(place, digest(files::read(&path)?));
        }
    }
    Ok(())
}

/// The target and the unit, if a file's place says that one wants the other.
pub(super) fn wanted(place: &str) -> Option<(String, String)> {
    let (folder, unit) = place.strip_prefix(UNITS)?.split_once('/')?;
    let target = [".wants", ".requires"]
        .iter()
        .find_map(|ending| folder.strip_suffix(ending))?;
    Some((target.to_owned(), unit.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_have_digests_and_links_their_target() {
        let folder = tempfile::tempdir().unwrap();
        let units = folder.path().join("usr/lib/systemd/system");
        fs::create_dir_all(units.join("a.target.wants")).unwrap();
        fs::write(units.join("b.service"), "").unwrap();
        let link = units.join("a.target.wants/b.service");
        std::os::unix::fs::symlink("../b.service", link).unwrap();
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected = [
            (
                "/usr/lib/systemd/system/a.target.wants/b.service",
                "-> ../b.service",
            ),
            ("/usr/lib/systemd/system/b.service", empty),
        ];
        let expected = expected.map(|(path, value)| (path.to_owned(), value.to_owned()));
        assert_eq!(digests(folder.path()).unwrap(), expected.into());
    }

    #[test]
    fn links_of_targets_are_services() {
        let table = [
            (
                "/usr/lib/systemd/system/a.target.wants/b.service",
                Some(("a.target", "b.service")),
            ),
            (
                "/usr/lib/systemd/system/a.target.requires/b.mount",
                Some(("a.target", "b.mount")),
            ),
            ("/usr/lib/systemd/system/a.service.d/10-b.conf", None),
            ("/usr/lib/systemd/system/b.service", None),
            ("/usr/lib/tmpfiles.d/a.wants/b", None),
        ];
        for (place, expected) in table {
            let expected = expected.map(|(t, u): (&str, &str)| (t.to_owned(), u.to_owned()));
            assert_eq!(wanted(place), expected, "{place}");
        }
    }
}
