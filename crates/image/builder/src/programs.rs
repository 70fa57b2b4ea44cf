//! Building the first-party programs with cargo.

use crate::progress::Step;
use crate::source::Source;
use anyhow::{Result, bail};
use disk::Architecture;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// These use the C library of the image.
const DYNAMIC: [&str; 2] = ["bottlerocket", "bottlerocket-online"];
/// These run where there is no C library, or another one: in the initramfs, and
/// mounted into containers.
const STATIC: [&str; 4] = [
    "apiclient",
    "container-tools",
    "dev-agent",
    "initramfs-init",
];

/// What makes a program static.
const STATIC_LINKAGE: &str = " -C target-feature=+crt-static";
/// What makes it smaller, with a C library from version 2.36 on.
const PACKED_LINKAGE: &str = " -C link-arg=-Wl,-z,pack-relative-relocs";

/// Largest migration, in bytes: a node may have to fetch dozens.
const MAX_MIGRATION_SIZE: u64 = 1_200_000;

/// Builds all programs and returns the folder that holds them.
pub(crate) fn build(source: &Source, architecture: Architecture) -> Result<PathBuf> {
    build_some(source, architecture, &[])
}

/// Builds programs, or all where none is named, and returns the folder that holds
/// them.
pub(crate) fn build_some(
    source: &Source,
    architecture: Architecture,
    names: &[String],
) -> Result<PathBuf> {
    let known = || DYNAMIC.iter().chain(&STATIC);
    if let Some(unknown) = names.iter().find(|name| !known().any(|n| n == name)) {
        let known: Vec<&str> = known().copied().collect();
        bail!(
            "there is no program `{unknown}`\nhint: {}",
            known.join(", ")
        );
    }
    let step = Step::begin("building the programs");
    let folder = source.build().join("programs").join(architecture.name());
    files::create_dir_all(&folder)?;
    for (packages, linkage) in [(&DYNAMIC[..], ""), (&STATIC[..], STATIC_LINKAGE)] {
        let wanted = |name: &&str| names.is_empty() || names.iter().any(|n| n == name);
        let packages: Vec<&str> = packages.iter().copied().filter(wanted).collect();
        if packages.is_empty() {
            continue;
        }
        let target = source.build().join(if linkage.is_empty() {
            "cargo"
        } else {
            "cargo-static"
        });
        process::run(&mut cargo(
            source,
            architecture,
            &packages,
            linkage,
            &target,
        ))?;
        for program in packages {
            install(
                &built(&target, architecture, program),
                &folder.join(program),
            )?;
        }
    }
    step.end();
    Ok(folder)
}

/// Builds all migrations, each a static program of its own, and returns the
/// folder that holds them and their list.
pub(crate) fn build_migrations(source: &Source, architecture: Architecture) -> Result<PathBuf> {
    let step = Step::begin("building the migrations");
    let sources = source.root().join("crates/migrations");
    let folder = source.build().join("migrations").join(architecture.name());
    files::create_dir_all(&folder)?;
    let mut names = Vec::new();
    for entry in files::at("read", &sources, std::fs::read_dir(&sources))? {
        let entry = files::at("read", &sources, entry)?;
        // A folder is named after its package, which is named after its program.
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let linkage = [STATIC_LINKAGE, PACKED_LINKAGE].concat();
    let target = source.build().join("cargo-migrations");
    process::run(&mut cargo(source, architecture, &names, &linkage, &target))?;
    for name in &names {
        let built = built(&target, architecture, name);
        let size = files::at("examine", &built, std::fs::metadata(&built))?.len();
        if size > MAX_MIGRATION_SIZE {
            bail!("{name} has {size} bytes; a migration has at most {MAX_MIGRATION_SIZE}");
        }
        install(&built, &folder.join(name))?;
    }
    let list = "migrations.toml";
    install(&sources.join(list), &folder.join(list))?;
    step.end();
    Ok(folder)
}

fn built(target: &Path, architecture: Architecture, program: &str) -> PathBuf {
    let release = target.join(architecture.rust_target()).join("release");
    release.join(program)
}

fn cargo(
    source: &Source,
    architecture: Architecture,
    packages: &[impl AsRef<str>],
    linkage: &str,
    target: &Path,
) -> Command {
    let mut cargo =
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo
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
        .args(packages.iter().flat_map(|p| ["--package", p.as_ref()]))
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
