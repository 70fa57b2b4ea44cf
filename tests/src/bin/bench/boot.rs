//! How long a boot takes, beside the floor: the same kernel, initramfs and
//! systemd on the same disk, without any service of ours (the variant `floor`).
//!
//! Measured in seconds of processor time of QEMU with one virtual processor,
//! which depends on the load of the machine far less than wall time does. Each
//! run is a first boot: partitions are made and formatted.

use anyhow::{Context, Result};
use end_to_end_tests::{BOOT, Image, direct_with, disk, machine, through_firmware};
use std::time::Duration;
use vm::Node;

/// Stages by the line that announces them on the console.
const STAGES: [(&str, &str); 6] = [
    ("kernel", "Linux version"),
    ("init", "init: started"),
    ("systemd", "init: starting systemd"),
    ("API ready", "Started apiserver.service"),
    ("configured", "Reached target configured.target"),
    ("multi-user", "Reached target multi-user.target"),
];

/// Says on the console what starts, in plain text.
const SHOW: &str = " loglevel=6 systemd.show_status=yes";

pub(crate) fn print(image: &Image, floor: &Image, runs: usize) -> Result<()> {
    let ours = measure(image, &STAGES, runs).context("the node")?;
    let floor = measure(floor, &STAGES[5..], runs).context("the floor")?[0];

    println!("\n| boot, one processor | CPU s |\n|---|---|");
    for ((name, _), value) in STAGES.iter().zip(&ours) {
        println!("| {name} | {value:.1} |");
    }
    println!("| floor: multi-user | {floor:.1} |");
    println!("| API ready, times the floor | {:.2} |", ours[3] / floor);
    let firmware = through_firmware_to_ready(image)?;
    println!("| through firmware and boot loader, boot finished | {firmware:.1} |");
    Ok(())
}

/// The median over some boots of the processor time at each stage.
fn measure(image: &Image, stages: &[(&str, &str)], runs: usize) -> Result<Vec<f64>> {
    let boot = direct_with(image, |cmdline| format!("{cmdline}{SHOW}"))?;
    let mut all = vec![Vec::new(); stages.len()];
    for _ in 0..runs {
        let mut options = machine(image, "bench", boot.clone())?;
        options.disk = disk(image, 4);
        options.cpus = 1;
        let node = Node::start(&options)?;
        for ((_, line), times) in stages.iter().zip(&mut all) {
            node.console().wait_for(line, 0, BOOT)?;
            times.push(node.cpu_time());
        }
    }
    Ok(all.iter_mut().map(|times| median(times)).collect())
}

fn through_firmware_to_ready(image: &Image) -> Result<f64> {
    let mut options = machine(image, "bench", through_firmware())?;
    options.disk = disk(image, 4);
    options.cpus = 1;
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    Ok(node.cpu_time().as_secs_f64())
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort();
    times
        .get(times.len() / 2)
        .copied()
        .unwrap_or_default()
        .as_secs_f64()
}
