//! Unpacking packages into a tree.

use crate::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Folders that are links into `/usr` on a merged-usr system.
const MERGED: [&str; 5] = ["bin", "sbin", "lib", "lib32", "lib64"];

/// Unpacks packages into `tree`, which is replaced whole: it appears under its
/// name only when complete. No maintainer script runs, and no owner or special
/// mode bit is kept.
pub fn unpack(packages: &[PathBuf], tree: &Path) -> Result<(), Error> {
    let partial = tree.with_extension("partial");
    for old in [&partial, &tree.to_owned()] {
        if old.exists() {
            files::at("remove", old, std::fs::remove_dir_all(old))?;
        }
    }
    for folder in MERGED {
        files::create_dir_all(&partial.join("usr").join(folder))?;
        let link = partial.join(folder);
        let target = Path::new("usr").join(folder);
        files::at("link", &link, std::os::unix::fs::symlink(target, &link))?;
    }
    for package in packages {
        unpack_one(package, &partial)?;
    }
    files::at("rename", tree, std::fs::rename(&partial, tree))?;
    Ok(())
}

fn unpack_one(package: &Path, tree: &Path) -> Result<(), Error> {
    let mut reader = Command::new("dpkg-deb");
    reader
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(Stdio::piped());
    let mut reading = reader.spawn().map_err(|e| not_started(&reader, e))?;
    let mut writer = Command::new("tar");
    writer
        .args(["--extract", "--no-same-owner", "--no-same-permissions"])
        .args([
            "--keep-directory-symlink",
            "--exclude=./dev/*",
            "--directory",
        ])
        .arg(tree);
    if let Some(stream) = reading.stdout.take() {
        writer.stdin(stream);
    }
    let written = writer.output().map_err(|e| not_started(&writer, e))?;
    let read = reading.wait().map_err(|e| not_started(&reader, e))?;
    for (status, command) in [(written.status, &writer), (read, &reader)] {
        if !status.success() {
            return Err(Error::Process(process::Error::Failed {
                command: process::line(command),
                status,
                stderr: String::from_utf8_lossy(&written.stderr).trim().to_owned(),
            }));
        }
    }
    Ok(())
}

fn not_started(command: &Command, source: std::io::Error) -> process::Error {
    process::Error::Start {
        command: process::line(command),
        source,
    }
}
