//! The applet `data-disk`, of the software set of that name: where DATA is on another
//! disk than the system, it finds that disk, and makes DATA on it or lets it grow.
//!
//! A disk is taken that has a partition DATA. On a node's first boot it may be one on
//! which there is nothing at all, if there is no other one: then DATA is made. With
//! `--or-system`, where there is none either, DATA is made on the system's disk. A node
//! that has been up before waits for its data, and never begins anew on another disk.

mod choice;
mod disks;
mod ebs;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use initramfs_init::Events;

use choice::{Choice, Node, choose};

/// What [`systemd-repart`](https://www.freedesktop.org/software/systemd/man/systemd-repart.html)
/// makes on the disk.
const DEFINITIONS: &str = "/usr/lib/repart.data.d";
/// What it makes on the system's disk where DATA is there: PRIVATE too, for which there
/// would be no room later.
const SYSTEM_DEFINITIONS: &str = "/usr/lib/repart.d";

/// Where the rules of udev look for a file with the name of the disk that was chosen: only
/// then a link leads to its partition, which the mount waits for.
const CHOSEN: &str = "/run/data-disk";

/// How long the disk may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often to look for disks although nothing was announced.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Finds the disk for data, and makes the partition DATA on it or lets it grow.
///
/// Exit codes: 0 if DATA is there, 1 if there is no disk for it or systemd-repart fails,
/// 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "data-disk", version)]
struct Cli {
    /// Make DATA on the system's disk if a new node has no other one for it
    #[arg(long)]
    or_system: bool,
    /// All disks are there when none appeared for this long
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    settled: u64,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |cli: Cli| -> Result<()> {
        let (disk, definitions) = find(Path::new("/"), &cli)?;
        tracing::info!("data is on {}", disk.display());
        let name = disk.file_name().unwrap_or_default();
        files::write(&Path::new(CHOSEN).join(name), "")?;
        // What `choose` lets through has no partition table, or one with DATA.
        let arguments = ["--dry-run=no", "--empty=allow"];
        let mut repart = Command::new("/usr/bin/systemd-repart");
        repart
            .args(arguments)
            .arg(format!("--definitions={definitions}"))
            .arg(&disk);
        process::run(&mut repart)?;
        // udev sees a new partition by itself. One that it saw before knows of no choice.
        let folder = Path::new("/sys/block").join(name);
        let data = disks::data_partition(&folder).map(|data| data.join("uevent"));
        match data.map(|data| files::write(&data, "change")) {
            // It may be reading the partition table, and then announces them all.
            Some(Err(error)) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    })
}

/// Waits for the disk of the node whose `/sys` and `/dev` are below `root`; with what is
/// to be made on it.
fn find(root: &Path, cli: &Cli) -> Result<(PathBuf, &'static str)> {
    let events = Events::subscribe()?;
    let system = slots::Disk::find(root)?;
    let has = |label| match system.partition(label) {
        Err(slots::NodeError::NoPartition { .. }) => Ok(false),
        partition => partition.map(|_| true),
    };
    let node = Node {
        is_new: !has("PRIVATE")?,
        has_data: has("DATA")?,
        may_use_system: cli.or_system,
    };
    let settled = Duration::from_secs(cli.settled);
    let start = Instant::now();
    let (mut seen, mut changed) = (Vec::new(), start);
    loop {
        let disks = disks::besides(root, &system.device())?;
        if disks != seen {
            (seen, changed) = (disks, Instant::now());
        }
        let is_over = start.elapsed() >= PATIENCE;
        let are_there = is_over || changed.elapsed() >= settled;
        match choose(&seen, node) {
            Ok(Choice::WithData(disk)) => return Ok((disk, DEFINITIONS)),
            Ok(Choice::SystemWithData) => return Ok((system.device(), SYSTEM_DEFINITIONS)),
            Ok(Choice::Blank(disk)) if are_there => return Ok((disk, DEFINITIONS)),
            Ok(Choice::System) if are_there => return Ok((system.device(), SYSTEM_DEFINITIONS)),
            Err(error) if is_over => return Err(error.into()),
            _ => events.wait(LOOK_AGAIN)?,
        }
    }
}
