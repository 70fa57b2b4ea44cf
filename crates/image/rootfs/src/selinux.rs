//! Compiling the SELinux policy and installing it.

use crate::{Error, FileContexts, copy};
use std::path::{Path, PathBuf};
use tools::Tools;

/// The policy's name, and the version of its binary format, the newest that
/// every kernel we boot understands.
const NAME: &str = "bottlerocket";
const FORMAT: &str = "33";

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
    /// The file contexts, for the tool that makes the file system.
    pub fn file_contexts(&self) -> &Path {
        &self.contexts
    }

    /// The file contexts, parsed.
    pub fn labels(&self) -> Result<FileContexts, Error> {
        let text = files::read_to_string(&self.contexts)?;
        FileContexts::parse(&text).map_err(|line| Error::Configuration {
            path: self.contexts.clone(),
            reason: format!("not a file context: {line}"),
        })
    }

    /// Puts the policy where init, systemd and libselinux look for it.
    pub(crate) fn install(&self, root: &Path) -> Result<(), Error> {
        let base = root.join("usr/lib/selinux");
        let policy = base.join(NAME);
        copy::file_or_tree(&self.sources.join("config"), &base.join("config"))?;
        copy::file_or_tree(&self.sources.join("contexts"), &policy.join("contexts"))?;
        let binary = policy.join("policy").join(format!("policy.{FORMAT}"));
        copy::file_or_tree(&self.binary, &binary)?;
        copy::file_or_tree(&self.contexts, &policy.join("contexts/files/file_contexts"))
    }
}
