//! The certificate authorities that an image trusts (package ca-certificates):
//! one file, as no maintainer script runs that would make it.

use std::path::{Path, PathBuf};

use crate::Error;

/// Where both builders' packages have them, one in a file.
const CERTIFICATES: &str = "usr/share/ca-certificates/mozilla/*.crt";

/// Where the image has them; settings add theirs (`conf/settings`).
const BUNDLE: &str = "usr/share/pki/ca-bundle.crt";

/// Puts all certificates of the packages into the bundle, in the order of their
/// names. Without any there is none.
pub(crate) fn bundle(packages: &Path, root: &Path) -> Result<(), Error> {
    let pattern = packages.join(CERTIFICATES);
    let mut paths: Vec<PathBuf> = glob::glob(&pattern.to_string_lossy())
        .map(|paths| paths.flatten().collect())
        .unwrap_or_default();
    paths.sort();
    let mut text = String::new();
    for path in &paths {
        text.push_str(&files::read_to_string(path)?);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    if text.is_empty() {
        return Ok(());
    }
    let bundle = root.join(BUNDLE);
    if let Some(folder) = bundle.parent() {
        files::create_dir_all(folder)?;
    }
    Ok(files::write(&bundle, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_put_together_in_order() {
        let work = tempfile::tempdir().unwrap();
        let (packages, root) = (work.path().join("packages"), work.path().join("root"));
        bundle(&packages, &root).unwrap();
        assert!(!root.join(BUNDLE).exists());
        let folder = packages.join("usr/share/ca-certificates/mozilla");
        files::create_dir_all(&folder).unwrap();
        for (name, text) in [("B.crt", "second"), ("A.crt", "first\n"), ("x.txt", "no")] {
            files::write(&folder.join(name), text).unwrap();
        }
        bundle(&packages, &root).unwrap();
        let text = files::read_to_string(&root.join(BUNDLE)).unwrap();
        assert_eq!(text, "first\nsecond\n");
    }
}
