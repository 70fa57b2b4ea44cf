//! Booting a built image in the foreground.

use anyhow::{Result, bail};
use std::path::Path;
use std::time::Duration;
use tools::Tools;
use vm::{Architecture, Boot, Disk, Network, Node, Options, UserData};

/// How often new output of the console is looked for.
const INTERVAL: Duration = Duration::from_millis(100);

/// Room for the partitions that the first boot makes.
const DISK_GIB: u64 = 4;

/// Boots the image whose artefacts lie in `folder` and shows its console until
/// it powers off. What it writes is forgotten.
pub(crate) fn run(
    folder: &Path,
    architecture: &str,
    tools: Tools,
    user_data: Option<&Path>,
) -> Result<()> {
    let image = super::inspect::disk(folder)?;
    let mut options = Options::new(Architecture::named(architecture)?, tools, Boot::Firmware);
    options.disk = Some(Disk::Overlay {
        base: image,
        file: "disk.qcow2".into(),
        size: Some(DISK_GIB << 30),
    });
    options.probe_kernel = Some(folder.join("vmlinuz"));
    options.network = Some(Network::default());
    if let Some(path) = user_data {
        options.user_data = Some(UserData::FirmwareConfiguration(files::read(path)?));
    }
    let node = Node::start(&options)?;
    if let Some(notice) = node.notice() {
        eprintln!("{notice}");
    }
    let mut shown = 0;
    loop {
        // In this order: what a node says last is still shown.
        let ended = !node.is_running();
        let lines = node.console().lines();
        for line in &lines[shown..] {
            println!("{}", line.text);
        }
        shown = lines.len();
        if ended {
            break;
        }
        std::thread::sleep(INTERVAL);
    }
    if node.has_panicked() {
        bail!("the kernel of the node gave up");
    }
    Ok(())
}
