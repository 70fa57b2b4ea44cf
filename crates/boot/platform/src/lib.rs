//! Which platform a node runs on.
//!
//! The kernel argument `bottlerocket.platform=` decides where it is there;
//! else what the firmware says of the machine (SMBIOS, as the kernel shows it
//! below `/sys/class/dmi/id`). No network is asked: on a machine that is not in
//! a cloud, a metadata service would be anybody's who answers.

mod dmi;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use dmi::Dmi;

/// The kernel argument that names the platform.
pub const ARGUMENT: &str = "bottlerocket.platform";

/// Where a node runs: it says where its user data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// Amazon EC2: its instance metadata service.
    Aws,
    /// Microsoft Azure: its instance metadata service.
    Azure,
    /// Google Compute Engine: its metadata server.
    Gcp,
    /// Bare metal, and virtual machines without a cloud around them.
    Metal,
    /// A volume with the label `cidata` is there, or will be.
    NoCloud,
    /// OpenStack: a volume with the label `config-2`, or the metadata service.
    OpenStack,
    /// VMware: a CD-ROM, or what the hypervisor knows as `guestinfo`.
    VMware,
}

/// Why the platform is not known.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel argument names none.
    #[error(
        "the kernel argument {ARGUMENT}= has the unknown value `{}`; hint: use one of {}",
        .0.escape_debug(), names()
    )]
    UnknownName(String),
    /// What the kernel shows cannot be read.
    #[error(transparent)]
    File(#[from] files::Error),
}

impl Platform {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Aws,
        Self::Azure,
        Self::Gcp,
        Self::Metal,
        Self::NoCloud,
        Self::OpenStack,
        Self::VMware,
    ];

    /// The name, as the kernel argument has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Gcp => "gcp",
            Self::Metal => "metal",
            Self::NoCloud => "nocloud",
            Self::OpenStack => "openstack",
            Self::VMware => "vmware",
        }
    }

    /// The platform of the node whose `/proc` and `/sys` are below `root`.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn detect(root: &Path) -> Result<Self, Error> {
        let line = files::read(&root.join("proc/cmdline"))?;
        let line = String::from_utf8_lossy(&line);
        match kernel_cmdline::value(&line, ARGUMENT) {
            Some(name) => name.parse(),
            None => Ok(Dmi::read(root)?.platform()),
        }
    }
}

impl FromStr for Platform {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.name() == name)
            .ok_or_else(|| Error::UnknownName(name.to_owned()))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn names() -> String {
    Platform::ALL.map(Platform::name).join(", ")
}
