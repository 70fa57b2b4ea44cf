//! Loading the policy of the image, and enforcing it.

use crate::log::Log;
use crate::mounts;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const POLICIES: &str = "/usr/lib/selinux/bottlerocket/policy";
const SELINUXFS: &str = "/sys/fs/selinux";

/// Why the policy is not in force.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel runs without SELinux.
    #[error(
        "SELinux is not active in this kernel: {0}; \
         hint: `lsm=` on the kernel command line must name selinux, and not apparmor"
    )]
    Inactive(files::Error),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The image holds no policy for this kernel.
    #[error(
        "{} holds no policy that this kernel reads (policy.{newest} or older)",
        folder.display()
    )]
    NoPolicy {
        /// Where policies are kept.
        folder: PathBuf,
        /// The newest version the kernel reads.
        newest: u32,
    },
    /// The kernel took the policy in part.
    #[error("the kernel took {taken} of the {bytes} bytes of {}", path.display())]
    Partial {
        /// The policy.
        path: PathBuf,
        /// Its size.
        bytes: usize,
        /// What the kernel took.
        taken: usize,
    },
    /// The kernel did not start to enforce.
    #[error("the kernel does not enforce the policy, although told to")]
    NotEnforcing,
}

/// Loads the newest policy of the root file system that the kernel reads, and
/// has it enforced.
///
/// Always: `enforcing=0` on the kernel command line is deliberately not
/// honoured here. A system that can be made permissive from a boot menu or by
/// a platform's parameters is not one whose domains can be relied on.
pub fn enforce(log: &Log) -> Result<(), Error> {
    mounts::selinux(SELINUXFS).map_err(Error::Inactive)?;
    let newest = newest_supported()?;
    let folder = Path::new(POLICIES);
    let version = version(&names(folder)?, newest).ok_or_else(|| Error::NoPolicy {
        folder: folder.to_owned(),
        newest,
    })?;
    let path = folder.join(format!("policy.{version}"));
    let policy = files::read(&path)?;
    load(&path, &policy)?;
    let enforce = Path::new(SELINUXFS).join("enforce");
    files::write(&enforce, "1")?;
    if files::read_to_string(&enforce)?.trim() != "1" {
        return Err(Error::NotEnforcing);
    }
    log.info(&format!(
        "SELinux enforcing, policy.{version}, {} KiB",
        policy.len() / 1024
    ));
    Ok(())
}

/// The kernel takes a policy in one write, and loads it within that.
fn load(path: &Path, policy: &[u8]) -> Result<(), Error> {
    let target = Path::new(SELINUXFS).join("load");
    let write =
        || -> io::Result<usize> { File::options().write(true).open(&target)?.write(policy) };
    let taken = files::at("load the policy through", &target, write())?;
    if taken != policy.len() {
        return Err(Error::Partial {
            path: path.to_owned(),
            bytes: policy.len(),
            taken,
        });
    }
    Ok(())
}

fn newest_supported() -> Result<u32, files::Error> {
    let path = Path::new(SELINUXFS).join("policyvers");
    let text = files::read_to_string(&path)?;
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidData);
    files::at("read", &path, text.trim().parse().map_err(invalid))
}

fn names(folder: &Path) -> Result<Vec<String>, files::Error> {
    let names = std::fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    });
    files::at("list", folder, names)
}

/// The highest `policy.N` that is not above what the kernel reads.
fn version(names: &[String], newest: u32) -> Option<u32> {
    names
        .iter()
        .filter_map(|name| name.strip_prefix("policy.")?.parse().ok())
        .filter(|version| *version <= newest)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_version_that_the_kernel_reads_is_taken() {
        for (names, newest, expected) in [
            (&["policy.33"][..], 33, Some(33)),
            (&["policy.31", "policy.33", "policy.9"], 33, Some(33)),
            (&["policy.31", "policy.34"], 33, Some(31)),
            (&["policy.34"], 33, None),
            (&["policy.x", "policy", "other.33", "policy."], 33, None),
            (&[], 33, None),
        ] {
            let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
            assert_eq!(version(&names, newest), expected, "{names:?}");
        }
    }
}
