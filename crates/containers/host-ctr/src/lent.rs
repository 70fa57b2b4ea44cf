//! What containers know of the host's network and version: copies, as the labels of the
//! host's own files are not for containers. They are as old as the container.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of a bundle that has the copies.
pub(crate) const FOLDER: &str = "lent";
/// The label of files that a thread makes (proc_pid_attr(5)).
const NEW_LABEL: &str = "/proc/thread-self/attr/fscreate";

/// The host's files, and where containers find them.
pub(crate) const FILES: [(&str, &str); 3] = [
    ("/etc/hosts", "/etc/hosts"),
    ("/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"),
    ("/usr/lib/os-release", "/etc/bottlerocket-release"),
];

/// The copy in a bundle of what a container finds in a place.
pub(crate) fn copy_of(bundle: &Path, place: &str) -> PathBuf {
    let name = place.rsplit('/').next().unwrap_or_default();
    bundle.join(FOLDER).join(name)
}

/// Makes the copies, with the label of the container's files.
pub(crate) fn copy(bundle: &Path, label: Option<&str>) -> Result<()> {
    files::create_dir_all(&bundle.join(FOLDER))?;
    if let Some(label) = label {
        label_new(label)?;
    }
    let copied = FILES.iter().try_for_each(|(source, place)| {
        let content = match files::read(Path::new(source)) {
            Err(error) if error.is_not_found() => Vec::new(),
            content => content?,
        };
        files::replace(&copy_of(bundle, place), &content, 0o644)
    });
    if label.is_some() {
        label_new("")?;
    }
    Ok(copied?)
}

fn label_new(label: &str) -> Result<()> {
    let file = File::options().write(true).open(NEW_LABEL);
    file.and_then(|mut file| file.write_all(label.as_bytes()))
        .context("failed to label what is new")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_a_copy() {
        let bundle = tempfile::tempdir().expect("a folder");
        // What is not on this machine is empty.
        copy(bundle.path(), None).expect("copies");
        copy(bundle.path(), None).expect("copies again");
        for (source, place) in FILES {
            let copied = std::fs::read(copy_of(bundle.path(), place)).expect(place);
            assert_eq!(copied, std::fs::read(source).unwrap_or_default());
        }
    }
}
