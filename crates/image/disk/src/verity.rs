//! The dm-verity hash tree.

use crate::Error;
use crate::identity::{Identity, hex, uuid_text};
use std::path::Path;
use tools::Tools;

/// Writes the hash tree of `data` to `hash` and returns the root hash.
pub(crate) fn format(
    data: &Path,
    hash: &Path,
    identity: &Identity,
    tools: &Tools,
) -> Result<String, Error> {
    // veritysetup would keep what an older, larger tree had behind its own.
    files::write(hash, "")?;
    let root_hash = hash.with_extension("roothash");
    let mut veritysetup = tools.command("veritysetup")?;
    veritysetup
        .args([
            "format",
            "--hash=sha256",
            "--data-block-size=4096",
            "--hash-block-size=4096",
        ])
        .arg(format!("--salt={}", hex(&identity.bytes("verity salt"))))
        .arg(format!("--uuid={}", uuid_text(&identity.uuid("hash tree"))))
        .arg(format!("--root-hash-file={}", root_hash.display()))
        .arg(data)
        .arg(hash);
    process::output(&mut veritysetup)?;
    let text = files::read_to_string(&root_hash)?.trim().to_owned();
    files::at("remove", &root_hash, std::fs::remove_file(&root_hash))?;
    if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Error::RootHash(text));
    }
    Ok(text)
}
