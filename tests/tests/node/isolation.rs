//! What containers and services cannot reach.

use anyhow::Result;
use dev_protocol::{Check, Verdict};
use end_to_end_tests::{Subject, context, on_node};

fn connect(path: &str) -> Check {
    Check::Connect {
        path: path.to_owned(),
    }
}

#[test]
fn the_api_is_for_its_clients() -> Result<()> {
    on_node(|subject| {
        let check = connect("/run/api.sock");
        let clients = [
            context::SETTINGS,
            context::UPDATER,
            context::CONTROL,
            context::SUPER,
        ];
        for context in clients {
            assert_eq!(
                subject.probe(Some(context), &check)?,
                Verdict::Ok,
                "{context}"
            );
        }
        for context in context::all_but(clients) {
            let verdict = subject.probe(Some(context), &check)?;
            assert!(verdict.is_denied(), "{context}: {verdict}");
        }
        Ok(())
    })
}

#[test]
fn the_applier_is_for_the_api_server() -> Result<()> {
    on_node(|subject| {
        for context in context::everywhere() {
            let verdict = subject.probe(context, &connect("/run/settings-applier.sock"))?;
            assert!(verdict.is_denied(), "{context:?}: {verdict}");
        }
        Ok(())
    })
}

#[test]
fn the_store_is_for_the_api_server() -> Result<()> {
    let store = "/.bottlerocket/datastore";
    let attempts = [
        Check::OpenRead {
            path: store.to_owned(),
        },
        Check::Create {
            path: format!("{store}/new"),
        },
        Check::SetLabel {
            path: store.to_owned(),
            label: "system_u:object_r:data_t:s0".to_owned(),
        },
    ];
    on_node(|subject| {
        for check in &attempts {
            for context in context::everywhere() {
                let verdict = subject.probe(context, check)?;
                assert!(verdict.is_denied(), "{check:?} from {context:?}: {verdict}");
            }
        }
        Ok(())
    })
}

#[test]
fn containers_do_not_reach_each_other() -> Result<()> {
    let container = |categories: &str| format!("system_u:system_r:container_t:s0:{categories}");
    let file = |name: &str| format!("/local/end-to-end-{name}");
    on_node(|subject| {
        for (name, categories) in [("one", "c1,c2"), ("two", "c3,c4"), ("part", "c1")] {
            make_file(subject, &file(name), categories)?;
        }
        let cases = [
            ("its own", "c1,c2", "one", true),
            ("another's", "c1,c2", "two", false),
            ("the other's own", "c3,c4", "two", true),
            ("the first's", "c3,c4", "one", false),
            ("with fewer categories", "c1,c2", "part", true),
            ("half of them", "c1", "one", false),
        ];
        for (case, categories, name, allowed) in cases {
            let path = file(name);
            for check in [
                Check::OpenRead { path: path.clone() },
                Check::OpenWrite { path },
            ] {
                let verdict = subject.probe(Some(&container(categories)), &check)?;
                let right = if allowed {
                    verdict == Verdict::Ok
                } else {
                    verdict.is_denied()
                };
                assert!(right, "{case}: {check:?} from {categories}: {verdict}");
            }
        }
        Ok(())
    })
}

/// Makes a file as a container with these categories has it. The superpowered
/// container may, which no ordinary one can.
fn make_file(subject: &Subject, path: &str, categories: &str) -> Result<()> {
    let label = format!("system_u:object_r:container_data_t:s0:{categories}");
    let path = path.to_owned();
    for check in [
        Check::Create { path: path.clone() },
        Check::SetLabel { path, label },
    ] {
        let verdict = subject.probe(Some(context::SUPER), &check)?;
        assert_eq!(verdict, Verdict::Ok, "{check:?}");
    }
    Ok(())
}

#[test]
fn a_container_does_not_reach_the_host() -> Result<()> {
    let read = |path: &str| Check::OpenRead {
        path: path.to_owned(),
    };
    let attempts = [
        read("/etc/passwd"),
        read("/var/log/journal"),
        read("/proc/1/environ"),
        Check::Create {
            path: "/local/from-a-container".to_owned(),
        },
        Check::Create {
            path: "/run/from-a-container".to_owned(),
        },
        connect("/run/systemd/private"),
        connect("/run/dbus/system_bus_socket"),
    ];
    on_node(|subject| {
        for check in &attempts {
            for context in [context::CONTAINER, context::CONTROL] {
                let verdict = subject.probe(Some(context), check)?;
                assert!(verdict.is_denied(), "{check:?} from {context}: {verdict}");
            }
        }
        Ok(())
    })
}

/// Which runs what a cluster runs on each node, and is root there.
#[test]
fn a_privileged_container_does_not_reach_what_guards_the_node() -> Result<()> {
    let create = |path: &str| Check::Create {
        path: path.to_owned(),
    };
    let write = |path: &str| Check::OpenWrite {
        path: path.to_owned(),
    };
    let attempts = [
        write("/etc/passwd"),
        create("/etc/of-a-pod.service"),
        write("/proc/1/oom_score_adj"),
        create("/run/systemd/system/of-a-pod.service"),
        connect("/run/systemd/private"),
        connect("/run/dbus/system_bus_socket"),
        connect("/run/containerd/containerd.sock"),
        connect("/run/host-ctr/exec.sock"),
    ];
    on_node(|subject| {
        // It is at the door: the refusals below mean something.
        for check in [create("/run/of-a-pod"), create("/local/of-a-pod")] {
            let verdict = subject.probe(Some(context::PRIVILEGED), &check)?;
            assert_eq!(verdict, Verdict::Ok, "{check:?}");
        }
        for check in &attempts {
            let verdict = subject.probe(Some(context::PRIVILEGED), check)?;
            assert!(verdict.is_denied(), "{check:?}: {verdict}");
        }
        Ok(())
    })
}
