//! The command line.

use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use vm::{Bus, Choice, Forward};

use crate::remote::DEFAULT_TIMEOUT_SECONDS;

/// Run a node in QEMU, in the background, and talk to it.
#[derive(Debug, Parser)]
#[command(name = "vm", version)]
pub(crate) struct Arguments {
    /// Folder of the node's sockets, logs and disk.
    #[arg(long, value_name = "DIR", default_value = "build/vm", global = true)]
    pub state: PathBuf,
    /// Unpacked packages with QEMU and the firmware, as `image-builder packages
    /// tools` prints their folder; by default that of the environment variable
    /// BOTTLEROCKET_TOOLS, else the programs of this machine.
    #[arg(long, value_name = "DIR", global = true)]
    pub tools: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a node and wait until it has booted.
    Start(Box<Start>),
    /// Show what the node runs and how long each stage of its boot took.
    Report {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run apiclient in the node.
    ///
    /// Standard input is passed on if an argument is `-` or `apply` stands
    /// alone.
    Apiclient {
        /// Its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run a program in the node; there is no shell.
    Run {
        /// Pass standard input on.
        #[arg(short = 'i', long)]
        stdin: bool,
        /// Seconds after which the program is killed.
        #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TIMEOUT_SECONDS)]
        timeout: u64,
        /// SELinux context to run it in.
        #[arg(long)]
        context: Option<String>,
        /// The program's path and its arguments.
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        argv: Vec<String>,
    },
    /// Print a file of the node.
    Read {
        /// Its path.
        path: String,
    },
    /// Show the node's journal.
    Journal {
        /// Arguments of journalctl.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Show the node's console and follow it; Ctrl-] or Ctrl-C leaves.
    Console,
    /// Join standard input and output with a server: what --connect starts.
    #[command(hide = true)]
    Relay {
        /// Its address and port.
        server: String,
    },
    /// Answer one request as a platform's metadata service: what --platform-fake starts.
    #[command(hide = true)]
    MetadataService {
        /// Whose.
        platform: Platform,
        /// File with the user data.
        user_data: Option<PathBuf>,
    },
    /// Tell whether a node runs.
    Status,
    /// Power the node off.
    Stop {
        /// Seconds after which it is ended the hard way.
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        timeout: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The folder of a built image [default: without a disk either, one with nothing on it,
    /// for an installer, or what it left there].
    #[arg(
        long,
        value_name = "DIR",
        required_unless_present_any = ["disk", "disc", "stick", "program", "keep"]
    )]
    pub image: Option<PathBuf>,
    /// A disk image (raw). It is not changed: writes go to an overlay.
    #[arg(long, value_name = "FILE", conflicts_with = "image")]
    pub disk: Option<PathBuf>,
    /// Size of the disk in GiB.
    #[arg(long, value_name = "GIB", default_value_t = 4)]
    pub disk_size: u64,
    /// What the disk is attached by.
    #[arg(long, value_name = "BUS", value_enum, default_value_t)]
    pub disk_bus: BusName,
    /// Bytes of the disk's sectors.
    #[arg(long, value_name = "BYTES", default_value = "512", value_parser = parse_sector)]
    pub disk_sector: u16,
    /// Serial number of the disk.
    #[arg(long, value_name = "NUMBER")]
    pub disk_serial: Option<String>,
    /// Another disk of that many GiB, with nothing on it.
    #[arg(long, value_name = "GIB")]
    pub data_disk: Option<u64>,
    /// Go on with the disk of the last run instead of a fresh one.
    #[arg(long)]
    pub keep: bool,
    /// Return once the node is up, instead of showing its console.
    #[arg(long)]
    pub detach: bool,
    /// Seconds to wait for the node; 0 not to wait.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub wait: u64,
    /// User data (TOML) for the first boot.
    #[arg(long, value_name = "FILE")]
    pub user_data: Option<PathBuf>,
    /// Image of a disc in a drive of the node, such as a volume with user data;
    /// may be repeated.
    #[arg(long, value_name = "FILE")]
    pub disc: Vec<PathBuf>,
    /// Image of a USB stick, such as an installer; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub stick: Vec<PathBuf>,
    /// A UEFI program that the firmware starts, as if it came from the network: an
    /// installer.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["direct", "microvm", "kernel"])]
    pub program: Option<PathBuf>,
    /// Configuration of the network (net.toml) for this boot.
    #[arg(long, value_name = "FILE")]
    pub net_toml: Option<PathBuf>,
    /// Boot the image's kernel directly instead of through the firmware.
    #[arg(long, requires = "image")]
    pub direct: bool,
    /// Run a machine without firmware and PCI, as those of Firecracker are.
    #[arg(long, requires = "image", conflicts_with = "kernel")]
    pub microvm: bool,
    /// Boot this kernel directly.
    #[arg(
        long,
        value_name = "FILE",
        requires = "cmdline",
        conflicts_with = "direct"
    )]
    pub kernel: Option<PathBuf>,
    /// The initramfs of that kernel.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub initrd: Option<PathBuf>,
    /// File that holds the command line of that kernel.
    #[arg(long, value_name = "FILE", requires = "kernel")]
    pub cmdline: Option<PathBuf>,
    /// Folder of the firmware (OVMF/OVMF_CODE_4M.fd and its like), instead of
    /// that of the tools or of this machine.
    #[arg(long, value_name = "DIR")]
    pub firmware: Option<PathBuf>,
    /// Memory in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    pub memory: u32,
    /// Number of processors.
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub cpus: u32,
    /// Lead a TCP port of this machine into the node; may be repeated.
    #[arg(long, value_name = "PORT:PORT", value_parser = parse_forward)]
    pub forward: Vec<Forward>,
    /// Lead an address in 169.254.0.0/16 that the node asks to a server that this
    /// machine reaches; may be repeated. The node's own address is then
    /// link-local.
    #[arg(long, value_name = "ADDRESS:PORT=SERVER:PORT", value_parser = parse_service)]
    pub connect: Vec<(SocketAddrV4, String)>,
    /// Let the machine look like one of a cloud, whose metadata service hands over the
    /// user data.
    #[arg(long, value_name = "PLATFORM")]
    pub platform_fake: Option<Platform>,
    /// How the node's processors run.
    #[arg(long, value_enum, default_value_t)]
    pub accelerator: AcceleratorName,
    /// Architecture of the node [default: that of the image; x86_64 for a disk].
    #[arg(long, value_name = "NAME")]
    pub architecture: Option<String>,
}

/// Clouds that can be pretended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Platform {
    /// Amazon EC2, in the region eu-central-1.
    Ec2,
    /// Microsoft Azure.
    Azure,
    /// Google Compute Engine.
    Gcp,
    /// OpenStack, with its metadata service.
    Openstack,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum AcceleratorName {
    /// KVM if it works here, else emulation.
    #[default]
    Auto,
    /// This machine's processors.
    Kvm,
    /// QEMU's emulation.
    Emulation,
}

/// What disks are attached by.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum BusName {
    /// A paravirtual disk.
    #[default]
    Virtio,
    /// NVM Express.
    Nvme,
    /// Serial ATA.
    Sata,
    /// SCSI.
    Scsi,
}

impl From<BusName> for Bus {
    fn from(name: BusName) -> Self {
        match name {
            BusName::Virtio => Bus::Virtio,
            BusName::Nvme => Bus::Nvme,
            BusName::Sata => Bus::Sata,
            BusName::Scsi => Bus::Scsi,
        }
    }
}

impl From<AcceleratorName> for Choice {
    fn from(name: AcceleratorName) -> Self {
        match name {
            AcceleratorName::Auto => Choice::Auto,
            AcceleratorName::Kvm => Choice::Kvm,
            AcceleratorName::Emulation => Choice::Emulation,
        }
    }
}

fn parse_forward(text: &str) -> Result<Forward, String> {
    let port = |part: &str| u16::from_str(part).ok().filter(|&p| p != 0);
    text.split_once(':')
        .and_then(|(host, guest)| {
            Some(Forward {
                host: port(host)?,
                guest: port(guest)?,
            })
        })
        .ok_or_else(|| "expected two ports, such as 8080:80".to_owned())
}

fn parse_sector(text: &str) -> Result<u16, &'static str> {
    match text {
        "512" => Ok(512),
        "4096" => Ok(4096),
        _ => Err("expected 512 or 4096"),
    }
}

fn parse_service(text: &str) -> Result<(SocketAddrV4, String), String> {
    let parts = text.split_once('=');
    let parsed = parts.and_then(|(guest, server)| Some((guest.parse().ok()?, server.to_owned())));
    parsed.ok_or_else(|| "expected two addresses, such as 169.254.1.1:80=127.0.0.1:8080".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn arguments_of_the_node_are_left_alone() {
        let cases: [(&[&str], &[&str]); 3] = [
            (&["vm", "apiclient", "set", "motd=x"], &["set", "motd=x"]),
            (
                &["vm", "apiclient", "-u", "/settings", "--help"],
                &["-u", "/settings", "--help"],
            ),
            (&["vm", "apiclient"], &[]),
        ];
        for (line, expected) in cases {
            match Arguments::try_parse_from(line).unwrap().command {
                Command::Apiclient { arguments } => assert_eq!(arguments, expected),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn forwards_are_two_ports() {
        assert_eq!(
            parse_forward("8080:80"),
            Ok(Forward {
                host: 8080,
                guest: 80
            })
        );
        for text in ["", "80", ":80", "80:", "0:80", "80:65536", "a:b", "1:2:3"] {
            assert!(parse_forward(text).is_err(), "{text}");
        }
    }
}
