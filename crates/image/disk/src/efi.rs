//! What differs between architectures.

use std::str::FromStr;

/// A machine architecture, by the name users know (`uname -m`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Aarch64,
}

impl Architecture {
    /// All that there are.
    pub const ALL: [Architecture; 2] = [Architecture::X86_64, Architecture::Aarch64];

    /// Its name, as `uname -m` prints it.
    pub fn name(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Aarch64 => "aarch64",
        }
    }

    /// Debian's name of it.
    pub fn debian(self) -> &'static str {
        match self {
            Architecture::X86_64 => "amd64",
            Architecture::Aarch64 => "arm64",
        }
    }

    /// The target triple of the first-party programs.
    pub fn rust_target(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64-unknown-linux-gnu",
            Architecture::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    /// Debian's name of the machine and its interface, as in names of folders.
    pub fn triplet(self) -> String {
        format!("{}-linux-gnu", self.name())
    }

    /// systemd's UEFI stub, which becomes the kernel image.
    pub fn stub(self) -> &'static str {
        match self {
            Architecture::X86_64 => "linuxx64.efi.stub",
            Architecture::Aarch64 => "linuxaa64.efi.stub",
        }
    }

    /// systemd-boot.
    pub fn boot_loader(self) -> &'static str {
        match self {
            Architecture::X86_64 => "systemd-bootx64.efi",
            Architecture::Aarch64 => "systemd-bootaa64.efi",
        }
    }

    /// What firmware starts on a disk that it has no boot entry for (UEFI
    /// 3.5.1.1).
    pub(crate) fn default_program(self) -> &'static str {
        match self {
            Architecture::X86_64 => "BOOTX64.EFI",
            Architecture::Aarch64 => "BOOTAA64.EFI",
        }
    }

    /// Partition type of a root file system (UAPI.2 Discoverable Partitions
    /// Specification).
    pub(crate) fn root_type(self) -> &'static str {
        match self {
            Architecture::X86_64 => "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
            Architecture::Aarch64 => "b921b045-1df0-41c3-af44-4c6f280d3fae",
        }
    }

    /// Partition type of a root file system's hash tree (same specification).
    pub(crate) fn verity_type(self) -> &'static str {
        match self {
            Architecture::X86_64 => "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
            Architecture::Aarch64 => "df3300ce-d69f-4c92-978c-9bfb0f38d820",
        }
    }
}

impl FromStr for Architecture {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Architecture::ALL
            .into_iter()
            .find(|a| a.name() == name)
            .ok_or_else(|| format!("`{name}` is no known architecture\nhint: x86_64 or aarch64"))
    }
}
