//! Machines, by what their firmware says of them.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use platform::Platform;

/// A field below `/sys/class/dmi/id`, and what stands there.
type Field = (&'static str, &'static str);

struct Machine {
    name: &'static str,
    dmi: &'static [Field],
    cmdline: &'static str,
    platform: Platform,
    /// What cloud-init's ds-identify calls it, if it agrees.
    data_source: Option<&'static str>,
}

const fn machine(
    name: &'static str,
    dmi: &'static [Field],
    platform: Platform,
    data_source: Option<&'static str>,
) -> Machine {
    Machine {
        name,
        dmi,
        cmdline: "console=ttyS0",
        platform,
        data_source,
    }
}

const EC2_UUID: &str = "ec2cf3a1-4d9b-4f0f-a2c1-0123456789ab";
const UPPER_EC2_UUID: &str = "EC2CF3A1-4D9B-4F0F-A2C1-0123456789AB";
const ASSET_TAG: &str = "chassis_asset_tag";

const MACHINES: [Machine; 20] = [
    machine("no firmware at all", &[], Platform::Metal, None),
    machine(
        "a server",
        &[
            ("sys_vendor", "Dell Inc."),
            ("product_name", "PowerEdge R650"),
            ("product_serial", "EC2ABCD"),
            ("product_uuid", "4c4c4544-0043-3610-8057-b4c04f334432"),
            (ASSET_TAG, ""),
        ],
        Platform::Metal,
        None,
    ),
    machine(
        "QEMU",
        &[
            ("sys_vendor", "QEMU"),
            ("product_name", "Standard PC (Q35 + ICH9, 2009)"),
        ],
        Platform::Metal,
        None,
    ),
    machine(
        "EC2, Nitro",
        &[
            ("sys_vendor", "Amazon EC2"),
            ("product_name", "m7i.large"),
            ("product_serial", EC2_UUID),
            ("product_uuid", EC2_UUID),
            (ASSET_TAG, "Amazon EC2"),
        ],
        Platform::Aws,
        Some("Ec2"),
    ),
    machine(
        "EC2, Xen",
        &[
            ("sys_vendor", "Xen"),
            ("product_name", "HVM domU"),
            ("product_serial", EC2_UUID),
            ("product_uuid", UPPER_EC2_UUID),
        ],
        Platform::Aws,
        Some("Ec2"),
    ),
    machine(
        "a serial number that only starts like one of EC2",
        &[("product_serial", "ec2-0815"), ("product_uuid", EC2_UUID)],
        Platform::Metal,
        None,
    ),
    machine(
        "Azure",
        &[
            ("sys_vendor", "Microsoft Corporation"),
            ("product_name", "Virtual Machine"),
            (ASSET_TAG, "7783-7084-3265-9085-8269-3286-77"),
        ],
        Platform::Azure,
        Some("Azure"),
    ),
    machine(
        "Hyper-V that is not in Azure",
        &[
            ("sys_vendor", "Microsoft Corporation"),
            ("product_name", "Virtual Machine"),
            (ASSET_TAG, "7783-7084-3265-9085-8269-3286-78"),
        ],
        Platform::Metal,
        None,
    ),
    machine(
        "Google, by its name",
        &[
            ("sys_vendor", "Google"),
            ("product_name", "Google Compute Engine"),
        ],
        Platform::Gcp,
        Some("GCE"),
    ),
    machine(
        "Google, by its serial number",
        &[
            ("product_serial", "GoogleCloud-0123456789ABCDEF"),
            ("product_name", "Google"),
        ],
        Platform::Gcp,
        Some("GCE"),
    ),
    machine(
        "OpenStack Nova",
        &[
            ("sys_vendor", "OpenStack Foundation"),
            ("product_name", "OpenStack Nova"),
        ],
        Platform::OpenStack,
        Some("OpenStack"),
    ),
    machine(
        "OpenStack Compute",
        &[("product_name", "OpenStack Compute")],
        Platform::OpenStack,
        Some("OpenStack"),
    ),
    machine(
        "OpenStack, by its asset tag",
        &[("product_name", "KVM"), (ASSET_TAG, "OpenStack Nova")],
        Platform::OpenStack,
        Some("OpenStack"),
    ),
    machine(
        "Open Telekom Cloud",
        &[(ASSET_TAG, "OpenTelekomCloud")],
        Platform::OpenStack,
        Some("OpenStack"),
    ),
    machine(
        "SAP Converged Cloud",
        &[(ASSET_TAG, "SAP CCloud VM")],
        Platform::OpenStack,
        Some("OpenStack"),
    ),
    machine(
        "Huawei Cloud",
        &[(ASSET_TAG, "HUAWEICLOUD")],
        Platform::OpenStack,
        Some("OpenStack"),
    ),
    machine(
        "NoCloud, by its serial number",
        &[("sys_vendor", "QEMU"), ("product_serial", "ds=nocloud")],
        Platform::NoCloud,
        Some("NoCloud"),
    ),
    // ds-identify asks a program of VMware's whether there is any data.
    machine(
        "VMware",
        &[
            ("sys_vendor", "VMware, Inc."),
            ("product_name", "VMware20,1"),
        ],
        Platform::VMware,
        None,
    ),
    // ds-identify knows Nitro by its UUID alone, which may be turned around.
    machine(
        "EC2, Nitro, with the UUID in the other byte order",
        &[
            ("sys_vendor", "Amazon EC2"),
            ("product_serial", EC2_UUID),
            ("product_uuid", "a1f3cfec-9b4d-0f4f-a2c1-0123456789ab"),
        ],
        Platform::Aws,
        None,
    ),
    Machine {
        name: "what the kernel is told comes first",
        dmi: &[("sys_vendor", "Amazon EC2")],
        cmdline: "quiet bottlerocket.platform=nocloud ds=nocloud",
        platform: Platform::NoCloud,
        data_source: Some("NoCloud"),
    },
];

fn tree(machine: &Machine) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |path: &str, contents: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{contents}\n")).unwrap();
    };
    write("proc/cmdline", machine.cmdline);
    fs::create_dir_all(root.path().join("sys/class/dmi/id")).unwrap();
    for (field, value) in machine.dmi {
        write(&format!("sys/class/dmi/id/{field}"), value);
    }
    root
}

#[test]
fn machines_are_told_apart() {
    for machine in &MACHINES {
        let root = tree(machine);
        let found = Platform::detect(root.path()).unwrap();
        assert_eq!(found, machine.platform, "{}", machine.name);
    }
}

#[test]
fn every_platform_can_be_named() {
    let names: BTreeSet<_> = Platform::ALL.iter().map(|p| p.name()).collect();
    assert_eq!(names.len(), Platform::ALL.len());
    let root = tempfile::tempdir().unwrap();
    let cmdline = root.path().join("proc/cmdline");
    fs::create_dir_all(cmdline.parent().unwrap()).unwrap();
    for platform in Platform::ALL {
        fs::write(&cmdline, format!("bottlerocket.platform={platform}")).unwrap();
        assert_eq!(Platform::detect(root.path()).unwrap(), platform);
    }
    for name in ["", "AWS", "ec2", "\u{7}"] {
        fs::write(&cmdline, format!("bottlerocket.platform=\"{name}\"")).unwrap();
        let error = Platform::detect(root.path()).unwrap_err().to_string();
        assert!(error.contains("unknown value"), "{error}");
        assert!(error.contains("hint: use one of aws, azure"), "{error}");
        assert!(!error.contains('\u{7}'), "{error:?}");
    }
    fs::remove_file(&cmdline).unwrap();
    assert!(Platform::detect(root.path()).is_err());
}

/// cloud-init's ds-identify sees the same in the same trees. It is a script
/// that `scripts/check-user-data` gets, and names in `DS_IDENTIFY`.
#[test]
#[ignore = "needs ds-identify: scripts/check-user-data runs it"]
fn ds_identify_agrees() {
    let script = std::env::var("DS_IDENTIFY").expect("DS_IDENTIFY names the script");
    for machine in &MACHINES {
        let root = tree(machine);
        let found = ds_identify(Path::new(&script), root.path());
        assert_eq!(found.as_deref(), machine.data_source, "{}", machine.name);
    }
}

/// The first data source it finds.
fn ds_identify(script: &Path, root: &Path) -> Option<String> {
    // In a container it looks for no cloud; the trees are those of machines.
    let programs = root.join("programs");
    let virt = programs.join("systemd-detect-virt");
    fs::create_dir(&programs).unwrap();
    fs::write(&virt, "#!/bin/sh\necho kvm\n").unwrap();
    fs::set_permissions(&virt, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .arg(script)
        .arg("--force")
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("PATH_ROOT", root)
        .env("DI_LOG", "stderr")
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("returning"), "{log}");
    let result = fs::read_to_string(root.join("run/cloud-init/cloud.cfg")).unwrap_or_default();
    let list = result.strip_prefix("datasource_list: [ ")?;
    let first = list.split([',', ' ', ']']).next()?;
    Some(first.to_owned()).filter(|name| !name.is_empty() && name != "None")
}
