//! Signing keys.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;

/// Writes a new Ed25519 key (PKCS#8, DER) to a file that only its owner reads.
///
/// # Errors
///
/// If there is such a file already: a key that is overwritten is lost.
pub fn generate(path: &Path) -> Result<()> {
    let exists = files::at("look for", path, path.try_exists())?;
    ensure!(
        !exists,
        "{} exists already; hint: choose another name",
        path.display()
    );
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
        .ok()
        .context("failed to generate a key")?;
    Ok(files::replace(path, key.as_ref(), 0o600)?)
}
