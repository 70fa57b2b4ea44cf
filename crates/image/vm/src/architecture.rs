//! What differs between machines of different architectures.

use crate::Error;

/// One architecture that QEMU can run a node of.
#[derive(Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Name as in `uname -m` and in the names of image files.
    pub name: &'static str,
    /// The QEMU program.
    pub(crate) program: &'static str,
    /// Machine type and its properties.
    pub(crate) machine: &'static str,
    /// The same of a machine without firmware and PCI, such as those of Firecracker.
    pub(crate) micro_machine: &'static str,
    /// CPU model when emulated.
    pub(crate) emulated_cpu: &'static str,
    /// The kernel's name of the first serial port.
    pub console: &'static str,
    /// UEFI code, below `usr/share` of the tools or the host.
    pub(crate) firmware_code: &'static str,
    /// Template of the UEFI variables, in the same place.
    pub(crate) firmware_variables: &'static str,
}

const ARCHITECTURES: [Architecture; 2] = [
    Architecture {
        name: "x86_64",
        program: "qemu-system-x86_64",
        machine: "q35",
        micro_machine: "microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on",
        // Emulated cmpxchg16b crashes kernel 6.12 at random with several
        // processors (seen with QEMU 7.2), and nothing here needs it.
        emulated_cpu: "max,-cx16",
        console: "ttyS0",
        firmware_code: "OVMF/OVMF_CODE_4M.fd",
        firmware_variables: "OVMF/OVMF_VARS_4M.fd",
    },
    Architecture {
        name: "aarch64",
        program: "qemu-system-aarch64",
        machine: "virt",
        micro_machine: "virt",
        emulated_cpu: "cortex-a72",
        console: "ttyAMA0",
        firmware_code: "AAVMF/AAVMF_CODE.no-secboot.fd",
        firmware_variables: "AAVMF/AAVMF_VARS.fd",
    },
];

impl Architecture {
    /// The architecture of a name such as `x86_64`.
    pub fn named(name: &str) -> Result<&'static Architecture, Error> {
        ARCHITECTURES
            .iter()
            .find(|a| a.name == name)
            .ok_or_else(|| Error::Architecture(name.to_owned()))
    }

    /// Whether this machine can run it with KVM at all.
    pub(crate) fn is_native(&self) -> bool {
        self.name == std::env::consts::ARCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_are_found_by_name() {
        for name in ["x86_64", "aarch64"] {
            assert_eq!(Architecture::named(name).unwrap().name, name);
        }
        assert!(Architecture::named("riscv64").is_err());
    }
}
