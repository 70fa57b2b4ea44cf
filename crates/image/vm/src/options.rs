//! What a virtual machine is made of.

use std::net::SocketAddrV4;
use std::path::PathBuf;

use tools::Tools;

use crate::Architecture;

/// Everything that decides how a virtual machine starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// The kind of machine.
    pub architecture: &'static Architecture,
    /// Where QEMU and the firmware come from.
    pub tools: Tools,
    /// Folder of the firmware, in folders and files named as Debian does; that
    /// of the tools, or of this machine, if not given.
    pub firmware: Option<PathBuf>,
    /// Whether it is one without PCI, such as those of Firecracker: its devices are found
    /// in memory (virtio-mmio). It has no firmware to boot through.
    pub micro: bool,
    /// How the kernel is found.
    pub boot: Boot,
    /// The disk, if any.
    pub disk: Option<Disk>,
    /// How the disk is attached.
    pub attachment: Attachment,
    /// Another disk that can be written, a virtual one.
    pub data_disk: Option<Disk>,
    /// Media that cannot be written, beside the disk.
    pub media: Vec<Medium>,
    /// What the machine says it is, where that is not QEMU.
    pub identity: Identity,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Number of processors.
    pub cpus: u32,
    /// User data, given to the guest as the systemd credential
    /// `bottlerocket.user-data`.
    pub user_data: Option<UserData>,
    /// The network's configuration, given to the guest as the systemd
    /// credential `bottlerocket.net-toml`.
    pub net_toml: Option<Vec<u8>>,
    /// Whether a restart of the guest restarts the machine; otherwise it ends
    /// the virtual machine.
    pub reboot: bool,
    /// Whether the machine has a watchdog (i6300esb), which restarts it.
    pub watchdog: bool,
    /// The network, if any: user-mode, closed but for the forwarded ports.
    pub network: Option<Network>,
    /// Emulation or KVM.
    pub accelerator: Choice,
    /// A kernel to try KVM with; that of a direct boot by default.
    pub probe_kernel: Option<PathBuf>,
    /// File that remembers whether KVM works on this machine.
    pub probe_cache: Option<PathBuf>,
    /// Folder for sockets, logs and overlays; created if absent. A temporary
    /// one, removed at the end, if not given.
    pub state: Option<PathBuf>,
}

impl Options {
    /// A machine with 1 GiB of memory and two processors.
    pub fn new(architecture: &'static Architecture, tools: Tools, boot: Boot) -> Options {
        Options {
            architecture,
            tools,
            firmware: None,
            micro: false,
            boot,
            disk: None,
            attachment: Attachment::default(),
            data_disk: None,
            media: Vec::new(),
            identity: Identity::default(),
            memory_mib: 1024,
            cpus: 2,
            user_data: None,
            net_toml: None,
            reboot: true,
            watchdog: false,
            network: None,
            accelerator: Choice::Auto,
            probe_kernel: None,
            probe_cache: None,
            state: None,
        }
    }
}

/// How the kernel is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// As a real machine does: UEFI, the boot loader of the disk, its UKI. The
    /// UEFI variables are kept in the state folder.
    Firmware,
    /// The firmware is handed a UEFI program, as it gets one over the network.
    Program(PathBuf),
    /// QEMU loads the kernel itself: a few seconds faster.
    Kernel {
        /// The kernel image.
        kernel: PathBuf,
        /// The initramfs.
        initrd: Option<PathBuf>,
        /// The kernel command line.
        cmdline: String,
    },
}

/// The disk and what becomes of writes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disk {
    /// Writes change the raw image.
    WriteThrough(PathBuf),
    /// Writes to the raw image are forgotten when the virtual machine ends.
    Discard(PathBuf),
    /// Writes go to an overlay file.
    Overlay {
        /// The raw image.
        base: PathBuf,
        /// The overlay (qcow2), made if it is absent. Relative to the state
        /// folder.
        file: PathBuf,
        /// Size of the disk in bytes, if other than the image's. An overlay
        /// that is there already is made larger, never smaller.
        size: Option<u64>,
    },
}

/// How the disk is attached to the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// By what.
    pub bus: Bus,
    /// Bytes of its sectors: 512 or 4096, the latter not with SATA.
    pub sector: u16,
    /// Its serial number.
    pub serial: Option<String>,
}

impl Default for Attachment {
    /// By virtio, with sectors of 512 bytes.
    fn default() -> Self {
        Self {
            bus: Bus::default(),
            sector: 512,
            serial: None,
        }
    }
}

/// What a disk is attached by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Bus {
    /// A paravirtual disk.
    #[default]
    Virtio,
    /// NVM Express.
    Nvme,
    /// Serial ATA (AHCI).
    Sata,
    /// SCSI, by a paravirtual adapter.
    Scsi,
}

/// A raw image that the guest reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Medium {
    /// As a disc in a drive.
    Disc(PathBuf),
    /// As a disk.
    Disk(PathBuf),
    /// As a USB stick.
    Stick(PathBuf),
}

/// What the firmware says of the machine (SMBIOS structures 1 and 3), by which
/// the machines of a cloud are told. What is not given is QEMU's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The manufacturer of the system.
    pub manufacturer: Option<String>,
    /// The name of the product.
    pub product: Option<String>,
    /// The serial number of the system.
    pub serial: Option<String>,
    /// The asset tag of the chassis.
    pub asset_tag: Option<String>,
}

/// User data and its way into the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserData {
    /// As a file of QEMU's firmware configuration device.
    FirmwareConfiguration(Vec<u8>),
    /// As a SMBIOS OEM string (type 11), up to about 32 KiB.
    Smbios(Vec<u8>),
}

/// User-mode network, closed to the outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network {
    /// Ports of the host that lead into the guest.
    pub forwards: Vec<Forward>,
    /// What the guest finds at link-local addresses; its own address is then
    /// link-local, too.
    pub services: Vec<Service>,
}

/// A program behind an address of the guest's network: each connection is
/// standard input and output of a process of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The address, within 169.254.0.0/16.
    pub address: SocketAddrV4,
    /// The program and its arguments, without spaces in them.
    pub command: Vec<String>,
}

/// A TCP port of the host's loopback that leads to a port of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Port on 127.0.0.1.
    pub host: u16,
    /// Port in the guest.
    pub guest: u16,
}

/// Which accelerator is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Choice {
    /// KVM where it is found to work, else emulation.
    #[default]
    Auto,
    /// KVM, whatever comes of it.
    Kvm,
    /// Emulation.
    Emulation,
}
