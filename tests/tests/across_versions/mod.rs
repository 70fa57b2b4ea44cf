//! A node on its way from one version to the next, through firmware and boot
//! loader; and what becomes of it when the next one does not work.

mod damaged;
mod full;
mod node;
mod power_cuts;
mod read_back;
mod watchdog;

use std::sync::OnceLock;

use anyhow::{Result, anyhow, ensure};
use end_to_end_tests::release::TestRepository;
use end_to_end_tests::{BOOT, Image, api, denials, disk};
use vm::{Channel, Node};

use node::{
    boot_id, expect_fallback, leave_one_try, options, post, update, version, wait_for_state,
    wait_for_version, with_raw_disk,
};

/// Two versions of the system, and a repository with both.
#[derive(Debug)]
pub struct Releases {
    repository: TestRepository,
    old: Image,
    new: Image,
}

/// Made once for all tests.
pub fn releases() -> Result<&'static Releases> {
    static RELEASES: OnceLock<Result<Releases>> = OnceLock::new();
    let releases = RELEASES.get_or_init(|| {
        let repository = TestRepository::new("releases")?;
        let (old, new) = (repository.image("1.0.0")?, repository.image("1.1.0")?);
        repository.add("1.0.0")?;
        repository.add_with_migrations("1.1.0", "1.0.0")?;
        Ok(Releases {
            repository,
            old,
            new,
        })
    });
    releases.as_ref().map_err(|error| anyhow!("{error:#}"))
}

fn no_denials(channel: &Channel) -> Result<()> {
    let found = denials(channel)?;
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}

/// What the migrator says of the migrations that it ran at this boot.
fn migrations(channel: &Channel) -> Result<Vec<String>> {
    let journal = ["/usr/bin/journalctl", "-b", "-o", "cat", "-u", "migrator"];
    let journal = channel.output(&journal)?;
    let lines = journal.lines().map(str::trim);
    let lines = lines.filter(|line| line.contains("migration forward"));
    Ok(lines.map(str::to_owned).collect())
}

#[test]
fn a_node_goes_to_the_next_version_and_keeps_its_settings() -> Result<()> {
    let releases = releases()?;
    let (options, disk) = with_raw_disk(releases, "update-node")?;
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    assert_eq!(version(channel)?, "1.0.0");
    let status = update(channel, &["check"])?;
    assert_eq!(status["slots"][0]["state"], "good");
    assert_eq!(status["chosen_update"]["version"], "1.1.0");

    // As on the slide: three requests.
    post(channel, "refresh-updates")?;
    wait_for_state(channel, "Available")?;
    post(channel, "prepare-update")?;
    wait_for_state(channel, "Staged")?;
    post(channel, "activate-update")?;
    let status = wait_for_state(channel, "Ready")?;
    assert_eq!(status["staging_partition"]["image"]["version"], "1.1.0");
    assert_eq!(status["staging_partition"]["next_to_boot"], true);
    let staged = &update(channel, &["status"])?["slots"][1];
    assert_eq!(
        (&staged["state"], &staged["left"], &staged["primary"]),
        (&"tried".into(), &3.into(), &true.into())
    );
    no_denials(channel)?;

    let before = boot_id(channel)?;
    api::apiclient(channel, &["reboot"])?;
    wait_for_version(&node, "1.1.0", &before, BOOT)?;
    let status = update(channel, &["check"])?;
    assert_eq!(
        status["no_update_reason"],
        "1.1.0 is the newest version there is"
    );
    let booted = &status["slots"][1];
    assert_eq!(booted["state"], "good", "{}", node.console().tail());
    assert_eq!(
        (&booted["primary"], &booted["booted"]),
        (&true.into(), &true.into())
    );
    assert_eq!(api::settings(channel)?["motd"], "kept over the update");
    let migrated = migrations(channel)?;
    assert_eq!(migrated.len(), 2, "{migrated:?}");
    assert_eq!(
        migrated[0],
        "INFO migration forward: v0-2-0-add-container-command"
    );
    assert_eq!(api::get(channel, "/status")?["degraded"], false);
    no_denials(channel)?;

    // The way back is open, and what is healthy on one version is not on the
    // other one: the check says so, and the node returns.
    api::set(
        channel,
        &[
            "boot.health-checks.never.unit=never.service",
            "boot.health-checks.never.timeout=10s",
            "updates.version-lock=1.0.0",
        ],
    )?;
    update(channel, &["check"])?;
    update(channel, &["apply"])?;
    let before = boot_id(channel)?;
    node.power_off(BOOT)?;
    drop(node);
    leave_one_try(releases, &disk, 'a')?;
    let node = Node::start(&options)?;
    wait_for_version(&node, "1.1.0", &before, 2 * BOOT)?;
    let status = api::get(node.channel(), "/status")?;
    let reasons = status["reasons"].to_string();
    let why = "update: 1.0.0 in slot A was not good: \
               health-check: never did not pass in 10 s: never.service is inactive";
    ensure!(reasons.contains(why), "{reasons}");
    Ok(())
}

/// One after the other is written over the last one, and given up.
#[test]
#[ignore = "scripts/faults runs it: it takes minutes"]
fn a_system_that_hangs_or_has_no_init_gives_way() -> Result<()> {
    let repository = TestRepository::new("faults")?;
    let old = repository.image("1.0.0")?;
    for (version, fault) in [("1.2.0", "hang"), ("1.3.0", "no-init")] {
        repository.faulty_image(version, fault)?;
    }
    let disk = disk(&old, 5).expect("an image has a disk");
    let node = Node::start(&options(&old, "faulty-node", disk, &repository)?)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    for (version, why) in [
        ("1.2.0", "it was not ready in time"),
        ("1.3.0", "it did not start"),
    ] {
        repository.add(version)?;
        update(channel, &["check"])?;
        let before = boot_id(channel)?;
        // As a person does it, who thinks twice.
        update(channel, &["apply"])?;
        update(channel, &["cancel"])?;
        assert_eq!(update(channel, &["check"])?["slots"][1]["state"], "empty");
        update(channel, &["apply", "--reboot"])?;
        expect_fallback(&node, "1.0.0", version, &before, why)?;
        no_denials(channel)?;
    }
    Ok(())
}
