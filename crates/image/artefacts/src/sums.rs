//! Digests of files, as `sha256sum` writes and checks them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::Error;

const NAME: &str = "SHA256SUMS";

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 of a file, in hexadecimal.
pub(crate) fn of_file(path: &Path) -> Result<String, Error> {
    let digest = File::open(path).and_then(|mut file| {
        let mut digest = Sha256::new();
        let mut piece = vec![0; 1 << 20];
        loop {
            match file.read(&mut piece)? {
                0 => break Ok::<_, io::Error>(digest.finalize()),
                length => digest.update(&piece[..length]),
            }
        }
    });
    let digest = files::at("read", path, digest)?;
    Ok(digest.iter().map(|b| format!("{b:02x}")).collect())
}

/// Writes the digests of all files of a folder, but for hidden ones.
pub(crate) fn write(folder: &Path) -> Result<PathBuf, Error> {
    let mut names = Vec::new();
    for entry in files::at("list", folder, std::fs::read_dir(folder))? {
        let name = files::at("list", folder, entry)?.file_name();
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with('.') && name != NAME && folder.join(&name).is_file() {
            names.push(name);
        }
    }
    names.sort();
    let mut lines = String::new();
    for name in names {
        lines += &format!("{}  {name}\n", of_file(&folder.join(&name))?);
    }
    let path = folder.join(NAME);
    files::write(&path, lines)?;
    Ok(path)
}
