//! Command lines of named machines.

use tools::Tools;

use super::*;
use crate::Architecture;
use crate::options::Forward;

fn options(boot: Boot) -> Options {
    Options::new(Architecture::named("x86_64").unwrap(), Tools::host(), boot)
}

fn direct() -> Boot {
    Boot::Kernel {
        kernel: "/image/vmlinuz".into(),
        initrd: Some("/image/initramfs.zst".into()),
        cmdline: "console=ttyS0 roothash=00".to_owned(),
    }
}

fn line(options: &Options, mode: Mode, accelerator: Accelerator) -> String {
    let setting = Setting {
        mode,
        accelerator,
        data: vec!["/tools/usr/share/qemu".into()],
        uuid: "01234567-89ab-cdef-0123-456789abcdef".to_owned(),
        firmware_code: Some("/tools/code.fd".into()),
    };
    let words: Vec<String> = arguments(options, &setting)
        .into_iter()
        .map(|w| w.into_string().unwrap())
        .collect();
    words.join(" ")
}

#[test]
fn a_direct_boot() {
    let line = line(&options(direct()), Mode::Attached, Accelerator::Emulation);
    assert_eq!(
        line,
        "-L /tools/usr/share/qemu -no-user-config -nodefaults -display none \
         -machine q35 -uuid 01234567-89ab-cdef-0123-456789abcdef \
         -accel tcg,thread=multi,tb-size=512 -cpu max,-cx16 -m 1024 -smp 2 \
         -kernel /image/vmlinuz -initrd /image/initramfs.zst -append console=ttyS0 roothash=00 \
         -object rng-random,id=rng,filename=/dev/urandom -device virtio-rng-pci,rng=rng \
         -chardev socket,id=console,path=console.sock,server=on,wait=on,logfile=console.raw.log \
         -serial chardev:console -qmp unix:monitor.sock,server=on,wait=off \
         -chardev socket,id=channel,path=channel.sock,server=on,wait=off \
         -device virtio-serial-pci \
         -device virtserialport,chardev=channel,name=org.bottlerocket.dev"
    );
}

#[test]
fn each_option_has_its_arguments() {
    type Change = fn(&mut Options);
    let cases: [(&str, Change, &str); 20] = [
        (
            "write through",
            |o| o.disk = Some(Disk::WriteThrough("/a.img".into())),
            "-drive if=none,id=disk,discard=unmap,format=raw,file=/a.img -device virtio-blk-pci,drive=disk",
        ),
        (
            "another disk",
            |o| o.data_disk = Some(Disk::WriteThrough("/d.img".into())),
            "-drive if=none,id=data,discard=unmap,format=raw,file=/d.img -device virtio-blk-pci,drive=data",
        ),
        (
            "discard",
            |o| o.disk = Some(Disk::Discard("/a.img".into())),
            "format=raw,snapshot=on,file=/a.img",
        ),
        (
            "overlay",
            |o| {
                o.disk = Some(Disk::Overlay {
                    base: "/a.img".into(),
                    file: "disk.qcow2".into(),
                    size: None,
                });
            },
            "format=qcow2,file=disk.qcow2",
        ),
        (
            "comma in a path",
            |o| o.disk = Some(Disk::WriteThrough("/a,b,.img".into())),
            "file=/a,,b,,.img",
        ),
        ("no restart", |o| o.reboot = false, "-no-reboot"),
        (
            "no PCI",
            |o| {
                o.micro = true;
                o.network = Some(Network::default());
            },
            "-netdev user,id=net,restrict=on -device virtio-net-device,netdev=net",
        ),
        (
            "no PCI, and the console in its place",
            |o| o.micro = true,
            "-machine microvm,acpi=on,rtc=on,pit=on,pic=on,isa-serial=on",
        ),
        (
            "forwards",
            |o| {
                o.network = Some(Network {
                    forwards: vec![Forward {
                        host: 2222,
                        guest: 22,
                    }],
                    ..Network::default()
                });
            },
            "-netdev user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:2222-:22 -device virtio-net-pci,netdev=net,romfile=",
        ),
        (
            "a service",
            |o| {
                o.network = Some(Network {
                    services: vec![Service {
                        address: "169.254.169.254:80".parse().unwrap(),
                        command: vec!["/bin/relay".into(), "127.0.0.1:1".into()],
                    }],
                    ..Network::default()
                });
            },
            "-netdev user,id=net,restrict=on,net=169.254.0.0/16,guestfwd=tcp:169.254.169.254:80-cmd:/bin/relay 127.0.0.1:1 -device",
        ),
        (
            "media",
            |o| o.media = vec![Medium::Disc("/a.iso".into()), Medium::Disk("/b,c".into())],
            "-device virtio-scsi-pci,id=drives -drive if=none,id=medium0,format=raw,readonly=on,file=/a.iso -device scsi-cd,bus=drives.0,drive=medium0 -drive if=none,id=medium1,format=raw,readonly=on,file=/b,,c -device virtio-blk-pci,drive=medium1",
        ),
        (
            "identity",
            |o| {
                o.identity = Identity {
                    manufacturer: Some("VMware, Inc.".into()),
                    asset_tag: Some("7783".into()),
                    ..Identity::default()
                };
            },
            "-smbios type=1,manufacturer=VMware,, Inc. -smbios type=3,asset=7783",
        ),
        (
            "user data",
            |o| o.user_data = Some(UserData::FirmwareConfiguration(Vec::new())),
            "-fw_cfg name=opt/io.systemd.credentials/bottlerocket.user-data,file=user-data",
        ),
        (
            "user data through SMBIOS",
            |o| o.user_data = Some(UserData::Smbios(Vec::new())),
            "-smbios type=11,path=user-data",
        ),
        (
            "disk of NVMe with large sectors",
            |o| {
                o.disk = Some(Disk::WriteThrough("d".into()));
                o.attachment = Attachment {
                    bus: Bus::Nvme,
                    sector: 4096,
                    serial: None,
                };
            },
            "-device nvme,drive=disk,serial=disk,logical_block_size=4096,physical_block_size=4096",
        ),
        (
            "disk of SATA with a serial number",
            |o| {
                o.disk = Some(Disk::WriteThrough("d".into()));
                o.attachment = Attachment {
                    bus: Bus::Sata,
                    sector: 512,
                    serial: Some("A,B".into()),
                };
            },
            "-device ich9-ahci,id=sata -device ide-hd,bus=sata.0,drive=disk,serial=A,,B",
        ),
        (
            "stick",
            |o| o.media = vec![Medium::Stick("/s".into())],
            "-device qemu-xhci -drive if=none,id=medium0,format=raw,readonly=on,file=/s -device \
             usb-storage,removable=on,drive=medium0",
        ),
        (
            "program",
            |o| o.boot = Boot::Program("/i.efi".into()),
            "-kernel /i.efi",
        ),
        (
            "configuration of the network",
            |o| o.net_toml = Some(Vec::new()),
            "-fw_cfg name=opt/io.systemd.credentials/bottlerocket.net-toml,file=net.toml",
        ),
        (
            "size",
            |o| (o.memory_mib, o.cpus) = (512, 1),
            "-m 512 -smp 1",
        ),
    ];
    for (name, change, expected) in cases {
        let mut options = options(direct());
        change(&mut options);
        let line = line(&options, Mode::Attached, Accelerator::Emulation);
        assert!(line.contains(expected), "{name}: {line}");
    }
}

#[test]
fn firmware_is_read_only_and_its_variables_are_ours() {
    let line = line(
        &options(Boot::Firmware),
        Mode::Attached,
        Accelerator::Emulation,
    );
    assert!(
        line.contains("unit=0,readonly=on,file=/tools/code.fd"),
        "{line}"
    );
    assert!(line.contains("unit=1,file=firmware-variables.fd"), "{line}");
    assert!(!line.contains("-kernel"), "{line}");
}

#[test]
fn a_detached_machine_goes_to_the_background_and_waits_for_nobody() {
    let line = line(&options(direct()), Mode::Detached, Accelerator::Kvm);
    assert!(line.ends_with("-daemonize -pidfile qemu.pid"), "{line}");
    assert!(!line.contains("wait=on"), "{line}");
    assert!(line.contains("-accel kvm -cpu host"), "{line}");
}

#[test]
fn user_data_travels_as_it_is_or_as_a_credential_string() {
    let data = b"[settings]\n".to_vec();
    assert_eq!(
        user_data_file(&UserData::FirmwareConfiguration(data.clone())),
        data
    );
    assert_eq!(
        user_data_file(&UserData::Smbios(data)),
        b"io.systemd.credential.binary:bottlerocket.user-data=W3NldHRpbmdzXQo="
    );
}
