//! How much memory each process of an idle node holds.

use anyhow::Result;
use end_to_end_tests::{BOOT, Image, direct, disk, machine};
use vm::Node;

pub(crate) fn print(image: &Image) -> Result<()> {
    let mut options = machine(image, "bench", direct(image)?)?;
    options.disk = disk(image, 4);
    let node = Node::start(&options)?;
    node.wait_ready(BOOT)?;
    let mut rows = Vec::new();
    for entry in node.channel().list("/proc")? {
        if !entry.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        // A process may end between the two.
        let Ok(status) = node.channel().read_file(&format!("/proc/{entry}/status")) else {
            continue;
        };
        let text = status.data.text();
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':')
                .split_whitespace()
                .next()
                .map(str::to_owned)
        };
        if let (Some(name), Some(Ok(kib))) =
            (field("Name"), field("VmRSS").map(|t| t.parse::<u64>()))
        {
            rows.push((kib, name));
        }
    }
    rows.sort_by(|a, b| b.cmp(a));
    println!("\n| process, idle | resident MiB |\n|---|---|");
    for (kib, name) in rows {
        println!("| {name} | {:.1} |", kib as f64 / 1024.0);
    }
    Ok(())
}
