//! QEMU's command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Architecture;
use crate::accelerator::Accelerator;
use crate::options::{
    Attachment, Boot, Bus, Disk, Identity, Medium, Network, Options, Service, UserData,
};

/// Sockets and files of the state folder, where QEMU is started, by name.
pub(crate) const CONSOLE_SOCKET: &str = "console.sock";
pub(crate) const CONSOLE_LOG: &str = "console.raw.log";
pub(crate) const MONITOR_SOCKET: &str = "monitor.sock";
pub(crate) const CHANNEL_SOCKET: &str = "channel.sock";
pub(crate) const PID_FILE: &str = "qemu.pid";
pub(crate) const USER_DATA: &str = "user-data";
pub(crate) const NET_TOML: &str = "net.toml";
pub(crate) const UUID: &str = "machine-uuid";
pub(crate) const FIRMWARE_VARIABLES: &str = "firmware-variables.fd";

/// Name under which systemd passes user data on to early-boot-config.
const USER_DATA_CREDENTIAL: &str = "bottlerocket.user-data";

/// The same for the network's configuration and netdog.
const NET_TOML_CREDENTIAL: &str = "bottlerocket.net-toml";

/// Who looks after the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Its starter, which reads the console from the first byte on.
    Attached,
    /// Nobody: it goes to the background once it is set up.
    Detached,
}

/// What the command line needs beside the options.
#[derive(Debug)]
pub(crate) struct Setting {
    pub mode: Mode,
    pub accelerator: Accelerator,
    /// Folders where QEMU finds its own data.
    pub data: Vec<PathBuf>,
    /// The machine's own UUID, for SMBIOS.
    pub uuid: String,
    /// UEFI code, for a boot through firmware.
    pub firmware_code: Option<PathBuf>,
}

/// The arguments, for a process whose working folder is the state folder.
pub(crate) fn arguments(options: &Options, setting: &Setting) -> Vec<OsString> {
    let mut line = Line::default();
    let virtio = Virtio(options.micro);
    for folder in &setting.data {
        line.file("-L", "", folder);
    }
    line.flags(&["-no-user-config", "-nodefaults"]);
    line.add("-display", "none");
    machine(&mut line, options, setting);
    boot(&mut line, options, setting);
    if let Some(disk) = &options.disk {
        line.os("-drive", drive("disk", disk));
        attach(&mut line, &options.attachment, virtio);
    }
    if let Some(disk) = &options.data_disk {
        line.os("-drive", drive("data", disk));
        line.add("-device", virtio.device("blk", "drive=data"));
    }
    media(&mut line, &options.media, virtio);
    identity(&mut line, &options.identity);
    line.add("-object", "rng-random,id=rng,filename=/dev/urandom");
    line.add("-device", virtio.device("rng", "rng=rng"));
    sockets(&mut line, setting.mode, virtio);
    if options.watchdog {
        line.add("-device", "i6300esb");
        line.add("-action", "watchdog=reset");
    }
    if let Some(network) = &options.network {
        line.add("-netdev", user_network(network));
        // Without a boot ROM: nothing boots from the network.
        let rom = if options.micro { "" } else { ",romfile=" };
        line.add("-device", virtio.device("net", &format!("netdev=net{rom}")));
    }
    match &options.user_data {
        Some(UserData::FirmwareConfiguration(_)) => {
            line.credential(USER_DATA_CREDENTIAL, USER_DATA);
        }
        Some(UserData::Smbios(_)) => line.add("-smbios", format!("type=11,path={USER_DATA}")),
        None => {}
    }
    if options.net_toml.is_some() {
        line.credential(NET_TOML_CREDENTIAL, NET_TOML);
    }
    if !options.reboot {
        line.flags(&["-no-reboot"]);
    }
    line.0
}

/// What the file of the state folder that carries user data holds.
pub(crate) fn user_data_file(user_data: &UserData) -> Vec<u8> {
    match user_data {
        UserData::FirmwareConfiguration(data) => data.clone(),
        UserData::Smbios(data) => {
            let base64 = STANDARD.encode(data);
            format!("io.systemd.credential.binary:{USER_DATA_CREDENTIAL}={base64}").into_bytes()
        }
    }
}

fn machine(line: &mut Line, options: &Options, setting: &Setting) {
    let Architecture {
        machine,
        micro_machine,
        ..
    } = options.architecture;
    line.add(
        "-machine",
        if options.micro {
            *micro_machine
        } else {
            *machine
        },
    );
    line.add("-uuid", setting.uuid.as_str());
    let (accelerator, cpu) = match setting.accelerator {
        Accelerator::Kvm => ("kvm", "host"),
        Accelerator::Emulation => (
            "tcg,thread=multi,tb-size=512",
            options.architecture.emulated_cpu,
        ),
    };
    line.add("-accel", accelerator);
    line.add("-cpu", cpu);
    line.add("-m", options.memory_mib.to_string());
    line.add("-smp", options.cpus.to_string());
}

fn boot(line: &mut Line, options: &Options, setting: &Setting) {
    match &options.boot {
        Boot::Firmware | Boot::Program(_) => {
            if let Some(code) = &setting.firmware_code {
                line.file(
                    "-drive",
                    "if=pflash,format=raw,unit=0,readonly=on,file=",
                    code,
                );
            }
            line.add(
                "-drive",
                format!("if=pflash,format=raw,unit=1,file={FIRMWARE_VARIABLES}"),
            );
            if let Boot::Program(program) = &options.boot {
                line.os("-kernel", absolute(program).into());
            }
        }
        Boot::Kernel {
            kernel,
            initrd,
            cmdline,
        } => {
            line.os("-kernel", absolute(kernel).into());
            if let Some(initrd) = initrd {
                line.os("-initrd", absolute(initrd).into());
            }
            line.add("-append", cmdline.as_str());
        }
    }
}

/// Devices of virtio, on whichever bus the machine has.
#[derive(Debug, Clone, Copy)]
struct Virtio(bool);

impl Virtio {
    fn device(self, kind: &str, properties: &str) -> String {
        let bus = if self.0 { "device" } else { "pci" };
        let comma = if properties.is_empty() { "" } else { "," };
        format!("virtio-{kind}-{bus}{comma}{properties}")
    }
}

fn attach(line: &mut Line, attachment: &Attachment, virtio: Virtio) {
    let mut properties = "drive=disk".to_owned();
    // NVMe knows no disk without one.
    let serial = match attachment.bus {
        Bus::Nvme => Some(attachment.serial.as_deref().unwrap_or("disk")),
        _ => attachment.serial.as_deref(),
    };
    if let Some(serial) = serial {
        properties.push_str(&format!(",serial={}", serial.replace(',', ",,")));
    }
    let sector = attachment.sector;
    if sector != Attachment::default().sector {
        properties.push_str(&format!(
            ",logical_block_size={sector},physical_block_size={sector}"
        ));
    }
    let device = match attachment.bus {
        Bus::Virtio => virtio.device("blk", &properties),
        Bus::Nvme => format!("nvme,{properties}"),
        Bus::Sata => {
            line.add("-device", "ich9-ahci,id=sata");
            format!("ide-hd,bus=sata.0,{properties}")
        }
        Bus::Scsi => {
            line.add("-device", virtio.device("scsi", "id=scsi"));
            format!("scsi-hd,bus=scsi.0,{properties}")
        }
    };
    line.add("-device", device);
}

fn media(line: &mut Line, media: &[Medium], virtio: Virtio) {
    if media.iter().any(|m| matches!(m, Medium::Disc(_))) {
        line.add("-device", virtio.device("scsi", "id=drives"));
    }
    if media.iter().any(|m| matches!(m, Medium::Stick(_))) {
        line.add("-device", "qemu-xhci");
    }
    for (number, medium) in media.iter().enumerate() {
        let (file, device) = match medium {
            Medium::Disc(file) => (file, "scsi-cd,bus=drives.0".to_owned()),
            Medium::Stick(file) => (file, "usb-storage,removable=on".to_owned()),
            Medium::Disk(file) => (file, virtio.device("blk", "")),
        };
        let id = format!("medium{number}");
        let mut drive = OsString::from(format!("if=none,id={id},format=raw,readonly=on,file="));
        drive.push(escape(&absolute(file)));
        line.os("-drive", drive);
        line.add("-device", format!("{device},drive={id}"));
    }
}

fn identity(line: &mut Line, identity: &Identity) {
    let system = [
        ("manufacturer", &identity.manufacturer),
        ("product", &identity.product),
        ("serial", &identity.serial),
    ];
    for (structure, fields) in [(1, &system[..]), (3, &[("asset", &identity.asset_tag)])] {
        let fields: String = fields
            .iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .map(|(name, value)| format!(",{name}={}", value.replace(',', ",,")))
            .collect();
        if !fields.is_empty() {
            line.add("-smbios", format!("type={structure}{fields}"));
        }
    }
}

fn sockets(line: &mut Line, mode: Mode, virtio: Virtio) {
    // An attached console is waited for, so that not a byte of it is lost.
    let wait = if mode == Mode::Attached { "on" } else { "off" };
    line.add(
        "-chardev",
        format!(
            "socket,id=console,path={CONSOLE_SOCKET},server=on,wait={wait},logfile={CONSOLE_LOG}"
        ),
    );
    line.add("-serial", "chardev:console");
    line.add("-qmp", format!("unix:{MONITOR_SOCKET},server=on,wait=off"));
    line.add(
        "-chardev",
        format!("socket,id=channel,path={CHANNEL_SOCKET},server=on,wait=off"),
    );
    line.add("-device", virtio.device("serial", ""));
    let port = dev_protocol::PORT_NAME;
    line.add(
        "-device",
        format!("virtserialport,chardev=channel,name={port}"),
    );
    if mode == Mode::Detached {
        line.flags(&["-daemonize"]);
        line.add("-pidfile", PID_FILE);
    }
}

fn drive(id: &str, disk: &Disk) -> OsString {
    let (file, rest) = match disk {
        Disk::WriteThrough(file) => (absolute(file), "format=raw"),
        Disk::Discard(file) => (absolute(file), "format=raw,snapshot=on"),
        Disk::Overlay { file, .. } => (file.clone(), "format=qcow2"),
    };
    let mut value = OsString::from(format!("if=none,id={id},discard=unmap,{rest},file="));
    value.push(escape(&file));
    value
}

fn user_network(network: &Network) -> String {
    let forwards: String = network
        .forwards
        .iter()
        .map(|f| format!(",hostfwd=tcp:127.0.0.1:{}-:{}", f.host, f.guest))
        .collect();
    let mut services = String::new();
    for Service { address, command } in &network.services {
        let (ip, port) = (address.ip(), address.port());
        let command = command.join(" ");
        services.push_str(&format!(",guestfwd=tcp:{ip}:{port}-cmd:{command}"));
    }
    // What the guest is to find has to be in its network.
    let subnet = match services.as_str() {
        "" => "",
        _ => ",net=169.254.0.0/16",
    };
    format!("user,id=net,restrict=on{subnet}{forwards}{services}")
}

/// In a list of properties, QEMU reads two commas as one.
fn escape(path: &Path) -> OsString {
    let mut parts = path.as_os_str().as_encoded_bytes().split(|&b| b == b',');
    let mut escaped = OsString::new();
    if let Some(first) = parts.next() {
        escaped.push(os(first));
    }
    for part in parts {
        escaped.push(",,");
        escaped.push(os(part));
    }
    escaped
}

fn os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

fn absolute(path: &Path) -> PathBuf {
    // Fails only for an empty path, which QEMU then refuses by name.
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[derive(Default)]
struct Line(Vec<OsString>);

impl Line {
    fn flags(&mut self, flags: &[&str]) {
        self.0.extend(flags.iter().map(Into::into));
    }

    fn add(&mut self, flag: &str, value: impl Into<OsString>) {
        self.0.extend([flag.into(), value.into()]);
    }

    fn os(&mut self, flag: &str, value: OsString) {
        self.0.extend([flag.into(), value]);
    }

    /// A systemd credential, from a file of the state folder.
    fn credential(&mut self, name: &str, file: &str) {
        let name = format!("opt/io.systemd.credentials/{name}");
        self.add("-fw_cfg", format!("name={name},file={file}"));
    }

    fn file(&mut self, flag: &str, before: &str, path: &Path) {
        let mut value = OsString::from(before);
        value.push(if before.is_empty() {
            path.as_os_str().to_owned()
        } else {
            escape(path)
        });
        self.os(flag, value);
    }
}

#[cfg(test)]
mod tests;
