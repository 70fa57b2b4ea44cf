//! The power goes at any moment of an update.

use std::env;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use end_to_end_tests::release::TestRepository;
use end_to_end_tests::{BOOT, Image, api, disk};
use vm::Node;

use super::node::{boot_id, options, update, version, wait_for_version};

/// Seed of the moments, if `BOTTLEROCKET_SEED` names none.
const SEED: u64 = 20_261_125;

/// In each round the node is told to take the version after the one that runs, and
/// loses its power. With more than two versions there is always something to write.
fn cut(repository: &TestRepository, old: &Image, versions: &[&str], rounds: u32) -> Result<()> {
    let mut seed = match env::var("BOTTLEROCKET_SEED") {
        Ok(text) => text.parse().context("BOTTLEROCKET_SEED is no number")?,
        Err(_) => SEED,
    };
    let next = |running: &str| -> Result<&str> {
        let place = versions.iter().position(|version| *version == running);
        let place = place.with_context(|| format!("{running} runs"))?;
        Ok(versions[(place + 1) % versions.len()])
    };
    let disk = disk(old, 5).expect("an image has a disk");
    let name = format!("{rounds}-power-cuts");
    let node = Node::start(&options(old, &name, disk, repository)?)?;
    node.wait_ready(BOOT)?;
    let channel = node.channel();
    // How long an update takes, without a cut; and that it works.
    api::set(channel, &[&format!("updates.version-lock={}", versions[1])])?;
    let begin = Instant::now();
    update(channel, &["apply"])?;
    let whole = begin.elapsed();
    update(channel, &["cancel"])?;
    let mut unfinished = 0;
    for round in 1..=rounds {
        let running = version(channel)?;
        let wanted = next(&running)?;
        api::set(channel, &[&format!("updates.version-lock={wanted}")])?;
        let moment = whole.mul_f64(random(&mut seed));
        let before = boot_id(channel)?;
        let cut = std::thread::scope(|scope| {
            let applying = scope.spawn(|| update(channel, &["apply"]));
            std::thread::sleep(moment);
            let cut = node.reset();
            // It ends with the machine, one way or the other.
            let done = applying.join().is_ok_and(|done| done.is_ok());
            cut.map(|()| done)
        });
        let done = cut.with_context(|| format!("round {round}"))?;
        unfinished += u32::from(!done);
        let after = || -> Result<String> {
            let deadline = Instant::now() + BOOT;
            loop {
                let up = boot_id(channel).is_ok_and(|id| id != before);
                if let (true, Ok(found)) = (up, version(channel)) {
                    return Ok(found);
                }
                ensure!(Instant::now() < deadline, "{}", node.console().tail());
                std::thread::sleep(Duration::from_millis(200));
            }
        };
        let found = after().with_context(|| format!("round {round}, cut after {moment:?}"))?;
        eprintln!(
            "round {round}: {running} to {wanted}, cut after {moment:?} ({}): {found} runs",
            if done { "done" } else { "not done" }
        );
        ensure!(
            found == running || found == wanted,
            "round {round}: {found} runs"
        );
        node.wait_ready(BOOT)?;
        let status = update(channel, &["check"])?;
        let slots = status["slots"].as_array().context("no slots")?;
        let booted = slots.iter().find(|slot| slot["booted"] == true);
        ensure!(
            booted.context("no slot")?["state"] == "good",
            "round {round}: {status}"
        );
    }
    ensure!(unfinished > 0, "no cut came before an update was done");
    // What was cut off is made up for.
    let running = version(channel)?;
    let wanted = next(&running)?;
    api::set(channel, &[&format!("updates.version-lock={wanted}")])?;
    let before = boot_id(channel)?;
    update(channel, &["apply", "--check", "--reboot"])?;
    wait_for_version(&node, wanted, &before, BOOT)
}

/// From 0 to 1 (xorshift; the moments need no more).
fn random(seed: &mut u64) -> f64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
#[ignore = "scripts/faults runs it: it takes minutes"]
fn the_power_goes_at_twenty_moments_of_updates() -> Result<()> {
    let repository = TestRepository::new("power-cuts")?;
    let versions = ["1.0.0", "1.1.0", "1.2.0"];
    let images = versions.map(|version| repository.image(version));
    for version in versions {
        repository.add(version)?;
    }
    let [old, ..] = images;
    cut(&repository, &old?, &versions, 20)
}
