//! A node with a fixed address: changed settings take effect while it runs, and only
//! they.

use anyhow::{Context, Result, ensure};
use end_to_end_tests::{BOOT, Image, api, denials, direct, disk, machine};
use serde_json::Value;
use std::time::{Duration, Instant};
use vm::{Channel, Node};

use super::network;

/// How long a change may take to be applied, and the node to power off.
const LIMIT: Duration = Duration::from_secs(120);

#[test]
fn changes_take_effect_and_the_power_button_powers_off() -> Result<()> {
    let image = Image::find()?;
    let mut options = machine(&image, "changes", direct(&image)?)?;
    options.disk = disk(&image, 4);
    options.reboot = false;
    options.net_toml = Some(network::STATIC.into());
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    network::is_static(channel)?;
    let text = |path: &str| {
        let contents = channel.read_file(path)?;
        Ok::<_, vm::Error>(contents.data.text().trim().to_owned())
    };
    let before = started(channel)?;

    let applied = change(
        channel,
        &[
            "kernel.sysctl.\"vm.swappiness\"=\"7\"",
            "network.hostname=node-7",
        ],
    )?;
    assert_eq!(text("/proc/sys/vm/swappiness")?, "7", "{applied}");
    assert_eq!(text("/proc/sys/kernel/hostname")?, "node-7", "{applied}");
    assert!(text("/etc/hosts")?.contains("node-7"));
    assert_eq!(
        started(channel)?,
        before,
        "a service was restarted without need"
    );

    let applied = change(channel, &["ntp.time-servers=[\"time.example.com\"]"])?;
    let conf = text("/etc/systemd/timesyncd.conf.d/10-settings.conf")?;
    assert!(conf.contains("NTP=time.example.com"), "{conf}");
    assert_ne!(started(channel)?, before, "{applied}");
    assert_eq!(
        channel
            .output(&["/usr/bin/systemctl", "is-system-running"])?
            .trim(),
        "running"
    );
    the_kernel_does_as_settings_say(channel)?;
    the_commands_of_bottlerocket_work(channel)?;
    changes_can_be_taken_back(channel)?;
    assert!(denials(channel)?.is_empty(), "{:?}", denials(channel)?);

    node.press_power_button()?;
    let status = node.wait_exit(LIMIT)?;
    ensure!(status.success(), "QEMU ended with {status}");
    assert_eq!(node.shutdown_reason()?, "guest-shutdown");
    Ok(())
}

fn the_kernel_does_as_settings_say(channel: &Channel) -> Result<()> {
    let text = |path: &str| {
        let contents = channel.read_file(path)?;
        Ok::<_, vm::Error>(contents.data.text().into_owned())
    };
    let is_loaded = |name: &str| {
        let modules = text("/proc/modules")?;
        Ok::<_, vm::Error>(modules.lines().any(|line| line.starts_with(name)))
    };
    assert!(!is_loaded("bonding ")?);
    let lockdown = "/sys/kernel/security/lockdown";
    assert_eq!(text(lockdown)?, "none [integrity] confidentiality\n");
    let applied = change(
        channel,
        &[
            "kernel.modules.bonding.autoload=true",
            "kernel.lockdown=confidentiality",
        ],
    )?;
    assert!(is_loaded("bonding ")?, "{applied}");
    assert_eq!(text(lockdown)?, "none integrity [confidentiality]\n");
    // There is no way back, and no failure.
    change(channel, &["kernel.lockdown=none"])?;
    assert_eq!(text(lockdown)?, "none integrity [confidentiality]\n");
    Ok(())
}

/// As its users type them.
fn the_commands_of_bottlerocket_work(channel: &Channel) -> Result<()> {
    let admin = r#"{"host-containers": {"admin": {"enabled": true}}}"#;
    let staged = api::apiclient(channel, &["-u", "/settings", "-m", "PATCH", "-d", admin])?;
    assert_eq!((staged.exit, &*staged.stdout.text()), (0, ""));
    let committed = api::apiclient(channel, &["-u", "/tx/commit_and_apply", "-m", "POST"])?;
    assert_eq!(committed.exit, 0, "{}", committed.stderr.text());
    assert_eq!(
        committed.stdout.text(),
        "[\"settings.host-containers.admin.enabled\"]\n"
    );
    let settings = api::settings(channel)?;
    assert_eq!(settings["host-containers"]["admin"]["enabled"], true);
    Ok(())
}

fn changes_can_be_taken_back(channel: &Channel) -> Result<()> {
    let motd = || Ok::<_, anyhow::Error>(api::settings(channel)?["motd"].clone());
    let default = motd()?;
    api::set(channel, &["motd=changed"])?;
    assert_eq!(motd()?, "changed");
    let unset = api::apiclient(channel, &["unset", "motd"])?;
    assert_eq!(unset.exit, 0, "{}", unset.stderr.text());
    assert_eq!(motd()?, default);

    let history = api::get(channel, "/history")?;
    let newest = &history[0];
    assert_eq!(newest["keys"], serde_json::json!(["settings.motd"]));
    // The API's clients are known by their SELinux context too.
    let who = newest["who"].as_str().unwrap_or_default();
    assert!(
        who.starts_with("uid 0, pid ") && who.contains(", system_u:system_r:"),
        "{who}"
    );
    let number = history[1]["number"].to_string();
    let back = api::apiclient(channel, &["rollback", &number])?;
    assert_eq!(back.exit, 0, "{}", back.stderr.text());
    assert_eq!(motd()?, "changed");

    // Found out by the node itself on its first boot.
    let provenance = api::get(channel, "/settings?provenance=true&keys=updates.seed")?;
    assert_eq!(
        provenance["settings.updates.seed"]["layer"], "generated",
        "{provenance}"
    );
    Ok(())
}

/// Changes settings and returns how applying them went, without any failure.
fn change(channel: &Channel, assignments: &[&str]) -> Result<Value> {
    let before = api::get(channel, "/status")?["last-apply"].clone();
    api::set(channel, assignments)?;
    let deadline = Instant::now() + LIMIT;
    loop {
        let applied = api::get(channel, "/status")?["last-apply"].clone();
        if applied != before && !applied.is_null() {
            for done in ["files", "services"] {
                let list = applied[done]
                    .as_array()
                    .with_context(|| format!("no {done}: {applied}"))?;
                ensure!(list.iter().all(|item| item["error"].is_null()), "{applied}");
            }
            return Ok(applied);
        }
        ensure!(
            Instant::now() < deadline,
            "{assignments:?} were not applied in {LIMIT:?}"
        );
    }
}

/// When the time service was started.
fn started(channel: &Channel) -> Result<String> {
    let property = "--property=ExecMainStartTimestampMonotonic";
    let unit = "systemd-timesyncd.service";
    Ok(channel.output(&["/usr/bin/systemctl", "show", property, unit])?)
}
