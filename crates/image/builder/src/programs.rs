//! Building the first-party programs with cargo.

use crate::progress::Step;
use crate::source::Source;
use anyhow::Result;
use disk::Architecture;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The multi-call program uses the C library of the image.
const DYNAMIC: [&str; 1] = ["bottlerocket"];
/// These run where there is no C library, or another one: in the initramfs, and
/// mounted into containers.
const STATIC: [&str; 3] = ["apiclient", "dev-agent", "initramfs-init"];

/// Builds all programs and returns the folder that holds them.
pub(crate) fn build(source: &Source, architecture: Architecture) -> Result<PathBuf> {
    let step = Step::begin("building the programs");
    let folder = source.build().join("programs").join(architecture.name());
    files::create_dir_all(&folder)?;
    for (packages, linkage) in [
        (&DYNAMIC[..], ""),
        (&STATIC[..], " -C target-feature=+crt-static"),
    ] {
        let target = source.build().join(if linkage.is_empty() {
            "cargo"
        } else {
            "cargo-static"
        });
        process::run(&mut cargo(source, architecture, packages, linkage, &target))?;
        for program in packages {
            let built = target
                .join(architecture.rust_target())
                .join("release")
                .join(program);
            install(&built, &folder.join(program))?;
        }
    }
    step.end();
    Ok(folder)
}

fn cargo(
    source: &Source,
    architecture: Architecture,
    packages: &[&str],
    linkage: &str,
    target: &Path,
) -> Command {
    let mut cargo =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    // What links everything into itself gains most from optimising it as one.
    let whole = linkage.contains("crt-static");
    cargo
        .env(
            "CARGO_PROFILE_RELEASE_LTO",
            if whole { "fat" } else { "thin" },
        )
        .current_dir(source.root())
        .args([
            "build",
            "--release",
            "--locked",
            "--target",
            architecture.rust_target(),
        ])
        .arg("--target-dir")
        .arg(target)
        .args(packages.iter().flat_map(|p| ["--package", p]))
        .env("RUSTFLAGS", remapped_paths(source) + linkage);
    cargo
}

/// Compiled programs name source files in their messages: not where those lay
/// on the machine that compiled them.
fn remapped_paths(source: &Source) -> String {
    let home = std::env::var("HOME").unwrap_or_default();
    let cargo = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    format!(
        "--remap-path-prefix={}=/src --remap-path-prefix={cargo}=/cargo",
        source.root().display()
    )
}

fn install(built: &Path, target: &Path) -> Result<()> {
    files::at("copy", built, std::fs::copy(built, target))?;
    Ok(())
}
