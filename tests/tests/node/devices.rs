//! Disks and memory are out of reach.

use anyhow::{Result, ensure};
use dev_protocol::{Check, Verdict};
use end_to_end_tests::{Subject, context, on_node};

/// Block devices of the node: the disk, its partitions, the verified root.
fn block_devices(subject: &Subject) -> Result<Vec<String>> {
    let mut nodes = subject.channel().list("/dev")?;
    nodes.retain(|n| n.starts_with("vd") || n.starts_with("dm-"));
    // The disk, seven partitions, the root.
    ensure!(nodes.len() >= 9, "only {nodes:?}");
    Ok(nodes.iter().map(|n| format!("/dev/{n}")).collect())
}

#[test]
fn disks_are_written_by_nobody_but_storage_and_updater() -> Result<()> {
    on_node(|subject| {
        for path in block_devices(subject)? {
            let check = Check::OpenWrite { path };
            let own = [None].into_iter();
            let others = context::all_but([context::STORAGE, context::UPDATER]);
            for context in own.chain(others.into_iter().map(Some)) {
                let verdict = subject.probe(context, &check)?;
                assert!(verdict.is_denied(), "{check:?} from {context:?}: {verdict}");
            }
        }
        Ok(())
    })
}

#[test]
fn disks_are_read_by_nobody_but_their_managers() -> Result<()> {
    on_node(|subject| {
        let managers = [context::STORAGE, context::UPDATER, context::UDEV];
        let check = Check::OpenRead {
            path: "/dev/vda".to_owned(),
        };
        // The node is there and can be read: the refusals below mean something.
        assert_eq!(subject.probe(Some(context::STORAGE), &check)?, Verdict::Ok);
        for context in context::all_but(managers) {
            let verdict = subject.probe(Some(context), &check)?;
            assert!(verdict.is_denied(), "{context}: {verdict}");
        }
        Ok(())
    })
}

#[test]
fn a_node_of_ones_own_is_no_way_around() -> Result<()> {
    on_node(|subject| {
        for context in context::all_but([context::STORAGE, context::UDEV]) {
            for path in ["/tmp/disk", "/dev/disk-of-mine", "/local/disk"] {
                let check = Check::MknodBlock {
                    path: path.to_owned(),
                    major: 254,
                    minor: 0,
                };
                let verdict = subject.probe(Some(context), &check)?;
                assert!(verdict.is_denied(), "{path} from {context}: {verdict}");
            }
        }
        Ok(())
    })
}

#[test]
fn memory_is_read_by_nobody() -> Result<()> {
    on_node(|subject| {
        for path in ["/dev/mem", "/dev/port", "/proc/kcore"] {
            for context in context::everywhere() {
                let verdict = subject.probe(
                    context,
                    &Check::OpenRead {
                        path: path.to_owned(),
                    },
                )?;
                // A kernel may also be built without.
                let refused = verdict.is_denied() || verdict == Verdict::Errno("ENOENT".to_owned());
                assert!(refused, "{path} from {context:?}: {verdict}");
            }
        }
        Ok(())
    })
}
