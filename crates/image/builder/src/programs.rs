//! Building the first-party programs with cargo.

use crate::cross::{self, Environment};
use crate::packages::Policy;
use crate::progress::Step;
use crate::source::Source;
use anyhow::{Result, anyhow, bail};
use disk::Architecture;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// These use the C library of the image.
const DYNAMIC: [&str; 2] = ["bottlerocket", "bottlerocket-online"];
/// These run where there is no C library, or another one: in the initramfs, and
/// mounted into containers.
const STATIC: [&str; 5] = [
    "apiclient",
    "container-tools",
    "dev-agent",
    "initramfs-init",
    "install-to-disk",
];

/// What makes a program static, and smaller, with a C library from version 2.36 on.
const STATIC_LINKAGE: &str =
    " -C target-feature=+crt-static -C link-arg=-Wl,-z,pack-relative-relocs";

/// Largest migration, in bytes: a node may have to fetch dozens.
const MAX_MIGRATION_SIZE: u64 = 1_200_000;

/// Builds all programs and returns the folder that holds them.
pub(crate) fn build(
    source: &Source,
    architecture: Architecture,
    policy: &Policy,
) -> Result<PathBuf> {
    build_some(source, architecture, policy, &[])
}

/// Builds programs, or all where none is named, and returns the folder that holds
/// them.
pub(crate) fn build_some(
    source: &Source,
    architecture: Architecture,
    policy: &Policy,
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
    let environment = cross::environment(source, architecture, policy)?;
    let step = Step::begin("building the programs");
    let folder = source.build().join("programs").join(architecture.name());
    files::create_dir_all(&folder)?;
    let wanted = |packages: &[&'static str]| -> Vec<&'static str> {
        let named = |name: &&str| names.is_empty() || names.iter().any(|n| n == name);
        packages.iter().copied().filter(named).collect()
    };
    let cargo = Cargo {
        source,
        architecture,
        environment,
    };
    // Side by side: at the end of each, one program is optimised as a whole, by one
    // processor.
    std::thread::scope(|scope| {
        let others = scope.spawn(|| cargo.build(&wanted(&STATIC), Linkage::Static, &folder));
        cargo.build(&wanted(&DYNAMIC), Linkage::Dynamic, &folder)?;
        others.join().map_err(|_| anyhow!("cargo was not run"))?
    })?;
    step.end();
    Ok(folder)
}

/// Builds all migrations, each a static program of its own, and returns the
/// folder that holds them and their list.
pub(crate) fn build_migrations(
    source: &Source,
    architecture: Architecture,
    policy: &Policy,
) -> Result<PathBuf> {
    let environment = cross::environment(source, architecture, policy)?;
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
    let cargo = Cargo {
        source,
        architecture,
        environment,
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    cargo.build(&names, Linkage::Static, &folder)?;
    for name in names {
        let path = folder.join(name);
        let size = files::at("examine", &path, std::fs::metadata(&path))?.len();
        if size > MAX_MIGRATION_SIZE {
            bail!("{name} has {size} bytes; a migration has at most {MAX_MIGRATION_SIZE}");
        }
    }
    let list = "migrations.toml";
    install(&sources.join(list), &folder.join(list), 0o644)?;
    step.end();
    Ok(folder)
}

/// How programs get at the C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Linkage {
    Dynamic,
    Static,
}

/// What all programs of an architecture are compiled with.
struct Cargo<'a> {
    source: &'a Source,
    architecture: Architecture,
    environment: Environment,
}

impl Cargo<'_> {
    /// Compiles packages, each a program of its name, and puts those into a folder.
    fn build(&self, packages: &[&str], linkage: Linkage, folder: &Path) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        let (target, flags) = match linkage {
            Linkage::Dynamic => ("cargo", ""),
            Linkage::Static => ("cargo-static", STATIC_LINKAGE),
        };
        let target = self.source.build().join(target);
        let triple = self.architecture.rust_target();
        let mut cargo =
            Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
        cargo
            .current_dir(self.source.root())
            .args(["build", "--release", "--locked", "--target", triple])
            .arg("--target-dir")
            .arg(&target)
            .args(packages.iter().flat_map(|package| ["--package", package]))
            .env("RUSTFLAGS", remapped_paths(self.source) + flags)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        process::run(&mut cargo)?;
        let built = target.join(triple).join("release");
        packages
            .iter()
            .try_for_each(|program| install(&built.join(program), &folder.join(program), 0o755))
    }
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

/// Whole at every moment: another build may be reading it, or it may be running.
fn install(built: &Path, target: &Path, mode: u32) -> Result<()> {
    files::replace_if_changed(target, &files::read(built)?, mode)?;
    Ok(())
}
