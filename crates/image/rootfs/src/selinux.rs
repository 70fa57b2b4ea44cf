//! Compiling the SELinux policy and installing it.

use crate::{Error, FileContexts, copy};
use std::path::{Path, PathBuf};
use tools::Tools;

/// The policy's name, and the version of its binary format, the newest that
/// every kernel we boot understands.
const NAME: &str = "bottlerocket";
const FORMAT: &str = "33";

/// Where policies lie in a root file system.
const BASE: &str = "usr/lib/selinux";

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    binary: PathBuf,
    contexts: PathBuf,
    sources: PathBuf,
}

/// Compiles the CIL modules of `sources` into `output`. A module named after a
/// software set belongs to it; `without` names the sets that are not chosen.
pub fn compile_policy(
    sources: &Path,
    without: &[String],
    output: &Path,
    tools: &Tools,
) -> Result<Policy, Error> {
    files::create_dir_all(output)?;
    let mut modules = Vec::new();
    for entry in files::at("list", sources, std::fs::read_dir(sources))? {
        let path = files::at("list", sources, entry)?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let left_out = without.iter().any(|set| *set == stem);
        if path.extension().is_some_and(|e| e == "cil") && !left_out {
            modules.push(path);
        }
    }
    modules.sort();
    let policy = Policy {
        binary: output.join(format!("policy.{FORMAT}")),
        contexts: output.join("file_contexts"),
        sources: sources.to_owned(),
    };
    let mut secilc = tools.command("secilc")?;
    secilc
        .args(["--mls", "true", "--policyvers", FORMAT, "--output"])
        .arg(&policy.binary)
        .arg("--filecontext")
        .arg(&policy.contexts)
        .args(&modules);
    process::output(&mut secilc)?;
    Ok(policy)
}

impl Policy {
    /// The file contexts, parsed.
    pub fn labels(&self) -> Result<FileContexts, Error> {
        labels(&self.contexts)
    }

    /// Makes a tree that holds the policy where init, systemd and libselinux
    /// look for it, and nothing else.
    pub fn install(&self, tree: &Path) -> Result<InstalledPolicy, Error> {
        let installed = InstalledPolicy {
            tree: tree.to_owned(),
        };
        let base = tree.join(BASE);
        if base.exists() {
            files::at("remove", &base, std::fs::remove_dir_all(&base))?;
        }
        copy::file_or_tree(&self.sources.join("config"), &base.join("config"))?;
        let contexts = base.join(NAME).join("contexts");
        copy::file_or_tree(&self.sources.join("contexts"), &contexts)?;
        copy::file_or_tree(&self.binary, &installed.binary())?;
        copy::file_or_tree(&self.contexts, &installed.file_contexts())?;
        Ok(installed)
    }
}

/// A compiled policy as it lies in a root file system.
#[derive(Debug)]
pub struct InstalledPolicy {
    tree: PathBuf,
}

impl InstalledPolicy {
    /// A tree that [`Policy::install`] made, here or in another build.
    pub fn open(tree: &Path) -> Result<InstalledPolicy, Error> {
        let policy = InstalledPolicy {
            tree: tree.to_owned(),
        };
        for file in [policy.binary(), policy.file_contexts()] {
            files::at("examine", &file, std::fs::metadata(&file))?;
        }
        Ok(policy)
    }

    /// Puts it into a root; whatever else lies in its tree does not come along.
    pub(crate) fn lay_over(&self, root: &Path) -> Result<(), Error> {
        copy::file_or_tree(&self.tree.join(BASE), &root.join(BASE))
    }

    /// The policy that init loads.
    pub fn binary(&self) -> PathBuf {
        let policy = self.tree.join(BASE).join(NAME).join("policy");
        policy.join(format!("policy.{FORMAT}"))
    }

    /// The file contexts, for the tool that makes the file system.
    pub fn file_contexts(&self) -> PathBuf {
        let policy = self.tree.join(BASE).join(NAME);
        policy.join("contexts/files/file_contexts")
    }

    /// The file contexts, parsed.
    pub fn labels(&self) -> Result<FileContexts, Error> {
        labels(&self.file_contexts())
    }
}

fn labels(path: &Path) -> Result<FileContexts, Error> {
    FileContexts::parse(&files::read_to_string(path)?).map_err(|line| Error::Configuration {
        path: path.to_owned(),
        reason: format!("not a file context: {line}"),
    })
}
