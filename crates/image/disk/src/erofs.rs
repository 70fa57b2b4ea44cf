//! The root file system as EROFS.

use crate::identity::uuid_text;
use crate::{Error, Inputs};
use std::path::Path;

/// How the root file system is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all: quick to build, for development and tests.
    None,
    /// Zstandard, at a level that still builds in seconds: for releases.
    Zstd,
}

impl Compression {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Compression::None => &[],
            Compression::Zstd => &["-zzstd,level=9", "-C65536"],
        }
    }
}

/// Makes the file system with labels, owners (root) and times as they shall be
/// on the node, whoever owns the files here.
pub(crate) fn make(inputs: &Inputs<'_>, output: &Path) -> Result<(), Error> {
    if output.exists() {
        files::at("remove", output, std::fs::remove_file(output))?;
    }
    let mut mkfs = inputs.tools.command("mkfs.erofs")?;
    // If it is set, mkfs.erofs only sets times that are later, and `-T` is lost.
    mkfs.env_remove("SOURCE_DATE_EPOCH");
    mkfs.args(["--quiet", "--all-root", "-x1"])
        .args(inputs.compression.arguments())
        .arg(format!("-T{}", inputs.identity.epoch))
        .arg(format!(
            "-U{}",
            uuid_text(&inputs.identity.uuid("root file system"))
        ))
        .arg(format!(
            "--file-contexts={}",
            inputs.file_contexts.display()
        ))
        .arg(output)
        .arg(inputs.root);
    process::output(&mut mkfs)?;
    Ok(())
}
