//! The root file system is verified and cannot be changed.

use anyhow::Result;
use dev_protocol::{Check, Verdict};
use end_to_end_tests::{context, on_node};
use vm::report;

#[test]
fn the_root_is_the_image_behind_verity() -> Result<()> {
    on_node(|subject| {
        let report = report::collect(subject.channel())?;
        let root = &report.root;
        assert_eq!(root.file_system, "erofs");
        assert!(root.read_only);
        assert_eq!(root.root_hash, Some(subject.image.line("roothash")?));
        let mut partitions = root.partitions.clone();
        partitions.sort();
        assert_eq!(partitions, ["HASH-A", "ROOT-A"]);
        let device = root.device.trim_start_matches("/dev/");
        let sysfs = |name: &str| {
            let contents = subject
                .channel()
                .read_file(&format!("/sys/block/{device}/{name}"))?;
            Ok::<_, vm::Error>(contents.data.text().trim().to_owned())
        };
        // The kernel's device-mapper gives a verity target its name here.
        let uuid = sysfs("dm/uuid")?;
        assert!(uuid.starts_with("CRYPT-VERITY-"), "{uuid}");
        assert_eq!(sysfs("ro")?, "1");
        Ok(())
    })
}

#[test]
fn nobody_changes_the_root() -> Result<()> {
    let program = || "/usr/bin/bottlerocket".to_owned();
    let attempts = [
        (
            "remount it",
            Check::RemountRw {
                path: "/".to_owned(),
            },
        ),
        ("write a program", Check::OpenWrite { path: program() }),
        (
            "make a file",
            Check::Create {
                path: "/usr/bin/new".to_owned(),
            },
        ),
        (
            "make a file at the top",
            Check::Create {
                path: "/new".to_owned(),
            },
        ),
        ("remove a program", Check::Unlink { path: program() }),
        (
            "label a program",
            Check::SetLabel {
                path: program(),
                label: "system_u:object_r:etc_t:s0".to_owned(),
            },
        ),
    ];
    on_node(|subject| {
        for (name, check) in &attempts {
            for context in context::everywhere() {
                let verdict = subject.probe(context, check)?;
                let refused = verdict.is_denied() || verdict == Verdict::Errno("EROFS".to_owned());
                assert!(refused, "{name} from {context:?}: {verdict}");
            }
        }
        Ok(())
    })
}

#[test]
fn etc_is_a_tmpfs() -> Result<()> {
    on_node(|subject| {
        let mounts = subject.channel().read_file("/proc/self/mounts")?;
        let mounts = mounts.data.text();
        let mut lines = mounts
            .lines()
            .rev()
            .map(|l| l.split(' ').collect::<Vec<_>>());
        let etc = lines
            .find(|fields| fields.get(1) == Some(&"/etc"))
            .expect("/etc is mounted");
        assert_eq!(etc[2], "tmpfs");
        for option in ["nosuid", "nodev", "noexec"] {
            assert!(
                etc[3].split(',').any(|o| o == option),
                "{option} is not in {}",
                etc[3]
            );
        }
        Ok(())
    })
}
