//! The SELinux policy of a variant.

use crate::source::Source;
use crate::variant::Variant;
use anyhow::{Context, Result};
use rootfs::InstalledPolicy;
use std::path::Path;
use tools::Tools;

/// Compiles the policy into `output`, where it lies as in the image.
pub(crate) fn make(
    source: &Source,
    variant: &Variant,
    output: &Path,
    tools: &Tools,
) -> Result<InstalledPolicy> {
    let work = tempfile::tempdir().context("failed to make a folder for the policy")?;
    let sources = source.conf().join("selinux");
    let policy = rootfs::compile_policy(&sources, &variant.left_out, work.path(), tools)?;
    Ok(policy.install(output)?)
}
