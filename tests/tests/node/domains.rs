//! Each process runs in the domain made for it, and stays there.

use anyhow::{Context, Result};
use dev_protocol::Check;
use end_to_end_tests::{Subject, context, on_node};

fn domain_of(subject: &Subject, pid: &str) -> Result<String> {
    let contents = subject
        .channel()
        .read_file(&format!("/proc/{pid}/attr/current"))?;
    let context = contents
        .data
        .text()
        .trim_end_matches(['\0', '\n'])
        .to_owned();
    context
        .split(':')
        .nth(2)
        .map(str::to_owned)
        .with_context(|| format!("no domain in `{context}`"))
}

fn main_pid(subject: &Subject, unit: &str) -> Result<String> {
    let show = ["/usr/bin/systemctl", "show", "-pMainPID", "--value", unit];
    Ok(subject.channel().output(&show)?.trim().to_owned())
}

#[test]
fn services_run_in_their_domains() -> Result<()> {
    let expected = [
        ("apiserver.service", "api_t"),
        ("dev-agent.service", "dev_agent_t"),
        ("systemd-journald.service", "system_t"),
        ("systemd-networkd.service", "system_t"),
        ("dbus-broker.service", "system_t"),
        ("systemd-udevd.service", "udev_t"),
    ];
    on_node(|subject| {
        assert_eq!(domain_of(subject, "1")?, "init_t");
        for (unit, domain) in expected {
            let pid = main_pid(subject, unit)?;
            assert_ne!(pid, "0", "{unit} does not run");
            assert_eq!(domain_of(subject, &pid)?, domain, "{unit}");
        }
        Ok(())
    })
}

#[test]
fn nobody_debugs_the_system() -> Result<()> {
    on_node(|subject| {
        let server: i32 = main_pid(subject, "apiserver.service")?.parse()?;
        for pid in [1, server] {
            for context in context::everywhere() {
                let verdict = subject.probe(context, &Check::Ptrace { pid })?;
                assert!(
                    verdict.is_denied(),
                    "process {pid} from {context:?}: {verdict}"
                );
            }
        }
        Ok(())
    })
}

#[test]
fn only_the_device_manager_loads_modules() -> Result<()> {
    on_node(|subject| {
        let release = subject.channel().read_file("/proc/sys/kernel/osrelease")?;
        let folder = format!("/usr/lib/modules/{}", release.data.text().trim());
        // No module, but an index that lies where modules do: who may load one
        // is told that it is none.
        let files = subject.channel().list(&folder)?;
        let index = files
            .iter()
            .find(|f| f.starts_with("modules."))
            .context("no index")?;
        let path = format!("{folder}/{index}");
        for context in context::all_but([context::UDEV]) {
            let verdict =
                subject.probe(Some(context), &Check::LoadModule { path: path.clone() })?;
            assert!(verdict.is_denied(), "{context}: {verdict}");
        }
        Ok(())
    })
}
