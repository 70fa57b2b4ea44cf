//! The applet `data-disk`, of the software set of that name: where DATA is on another
//! disk than the system, it finds that disk, and makes DATA on it or lets it grow.
//!
//! A disk is taken that has a partition DATA. On a node's first boot it may be one on
//! which there is nothing at all, if there is no other one: then DATA is made. A node that
//! has been up before waits for its data, and never begins anew on another disk.

mod choice;
mod disks;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use initramfs_init::Events;

use choice::{Choice, choose};

/// What [`systemd-repart`](https://www.freedesktop.org/software/systemd/man/systemd-repart.html)
/// makes on the disk.
const DEFINITIONS: &str = "/usr/lib/repart.data.d";

/// How long the disk may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);
/// If no disk appeared for this long, all are there.
const SETTLED: Duration = Duration::from_secs(5);
/// How often to look for disks although nothing was announced.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Finds the disk for data, and makes the partition DATA on it or lets it grow.
///
/// Exit codes: 0 if DATA is there, 1 if there is no disk for it or systemd-repart fails,
/// 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "data-disk", version)]
struct Cli {}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |_: Cli| -> Result<()> {
        let disk = find(Path::new("/"))?;
        tracing::info!("data is on {}", disk.display());
        // What `choose` lets through has no partition table, or one with DATA.
        let arguments = ["--dry-run=no", "--empty=allow"];
        let mut repart = Command::new("/usr/bin/systemd-repart");
        repart
            .args(arguments)
            .arg(format!("--definitions={DEFINITIONS}"))
            .arg(&disk);
        Ok(process::run(&mut repart)?)
    })
}

/// Waits for the disk of the node whose `/sys` and `/dev` are below `root`.
fn find(root: &Path) -> Result<PathBuf> {
    let events = Events::subscribe()?;
    let system = slots::Disk::find(root)?;
    let is_new = match system.partition("PRIVATE") {
        Err(slots::NodeError::NoPartition { .. }) => true,
        private => private.map(|_| false)?,
    };
    let start = Instant::now();
    let (mut seen, mut changed) = (Vec::new(), start);
    loop {
        let disks = disks::besides(root, &system.device())?;
        if disks != seen {
            (seen, changed) = (disks, Instant::now());
        }
        let is_over = start.elapsed() >= PATIENCE;
        match choose(&seen, is_new) {
            Ok(Choice::WithData(disk)) => return Ok(disk),
            Ok(Choice::Blank(disk)) if is_over || changed.elapsed() >= SETTLED => return Ok(disk),
            Err(error) if is_over => return Err(error.into()),
            _ => events.wait(LOOK_AGAIN)?,
        }
    }
}
