//! Unpacking packages into a tree.

use crate::contents::{Contents, Unpacked, relative};
use crate::{Error, Fetched};
use std::path::Path;
use std::process::{Command, Stdio};

/// Folders that are links into `/usr` on a merged-usr system.
const MERGED: [&str; 5] = ["bin", "sbin", "lib", "lib32", "lib64"];

/// Unpacks packages into `tree`, which is replaced whole: it appears under its
/// name only when complete. No maintainer script runs, and no owner or special
/// mode bit is kept. The tree says which package each file is from ([`Contents`]).
pub fn unpack(packages: &[Fetched], tree: &Path) -> Result<(), Error> {
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
    let mut contents = Contents::default();
    for Fetched { name, pin, file } in packages {
        let unpacked = Unpacked {
            pin: pin.clone(),
            files: unpack_one(file, &partial)?,
        };
        contents.packages.insert(name.clone(), unpacked);
    }
    contents.write(&partial)?;
    files::at("rename", tree, std::fs::rename(&partial, tree))?;
    Ok(())
}

/// Unpacks a package, and returns the paths of its files.
fn unpack_one(package: &Path, tree: &Path) -> Result<Vec<String>, Error> {
    let mut reader = Command::new("dpkg-deb");
    reader
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(Stdio::piped());
    let mut reading = reader.spawn().map_err(|e| not_started(&reader, e))?;
    let mut writer = Command::new("tar");
    writer
        .args(["--extract", "--no-same-owner", "--no-same-permissions"])
        .args(["--verbose", "--quoting-style=literal"])
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
    let listed = String::from_utf8_lossy(&written.stdout);
    Ok(listed
        .lines()
        .filter_map(|line| relative(line, &MERGED))
        .collect())
}

fn not_started(command: &Command, source: std::io::Error) -> process::Error {
    process::Error::Start {
        command: process::line(command),
        source,
    }
}
