//! The first process of the installer, `/init` of its initramfs.
//!
//! It finds the disk that the kernel command line names, writes the image to it that
//! lies in the initramfs, reads it back, and switches the machine off. There is nothing
//! else in that system, and no network: what is written was loaded, and where Secure Boot
//! is on verified, together with the kernel.
//!
//! | Kernel argument | Value |
//! |---|---|
//! | `bottlerocket.install` | the disk, see [`Selector`]; without it, the disks are listed |
//! | `bottlerocket.install.wipe` | none: what is on the disk may go |
//! | `bottlerocket.install.then` | `poweroff` (default) or `reboot` |
//! | `bottlerocket.install.user-data` | where the node fetches its user data on its first boot: `URL#sha256=DIGEST` |

mod disks;
mod parameters;
mod selector;

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use flash::{Progress, Stage};
use initramfs_init::{Events, Log, Modules, kernel_file_systems};
use rustix::system::{RebootCommand, reboot};

pub use disks::Disk;
pub use parameters::{Parameters, Then};
pub use selector::Selector;

/// What the initramfs carries.
const IMAGE: &str = "/install/image.img.zst";
const USER_DATA: &str = "/install/user-data.toml";
/// What the image is called.
const NAME: &str = "/install/name";

/// How long a disk that is named may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);
/// If no disk appeared for this long, all are there.
const SETTLED: Duration = Duration::from_secs(5);
/// How often to look for disks although nothing was announced.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Why nothing is installed, or not all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or mount failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The kernel command line asks for what there is not.
    #[error(transparent)]
    Parameters(#[from] parameters::Error),
    /// No disk, or more than one, is meant.
    #[error(transparent)]
    Choice(#[from] selector::Error),
    /// The disk was not written to, or is not as it should be.
    #[error(transparent)]
    Flash(#[from] flash::Error),
    /// The kernel does not tell of devices, or does not end.
    #[error("the kernel refuses: {0}")]
    Kernel(#[from] rustix::io::Errno),
}

/// Installs, and ends the machine. After an error the machine stays as it is, so that
/// somebody can read why.
pub fn run(log: &Log) -> ! {
    let Err(error) = install(log);
    for line in error.to_string().lines() {
        log.error(line);
    }
    log.error("nothing more is done; Ctrl+Alt+Del restarts the machine");
    loop {
        std::thread::park();
    }
}

fn install(log: &Log) -> Result<Infallible, Error> {
    kernel_file_systems()?;
    let mut modules = Modules::load(log);
    let line = files::read(Path::new("/proc/cmdline"))?;
    let parameters = Parameters::parse(&String::from_utf8_lossy(&line))?;
    let disk = find(log, &mut modules, parameters.disk.as_ref())?;
    let name = files::read_to_string(Path::new(NAME))?;
    log.info(&format!("{} goes to {disk}", name.trim()));
    let user_data = match parameters.user_data {
        Some(address) => Some(flash::UserData::At(address)),
        None => match files::read(Path::new(USER_DATA)) {
            Err(error) if error.is_not_found() => None,
            text => Some(flash::UserData::Document(text?)),
        },
    };
    let options = flash::Options {
        wipe: parameters.wipe,
        user_data,
    };
    let mut shown = None;
    flash::flash(Path::new(IMAGE), &disk.path, &options, |progress| {
        let line = describe(progress);
        if shown.as_ref() != Some(&line) {
            log.info(&line);
            shown = Some(line);
        }
    })?;
    log.info(&format!("{} is installed on {disk}", name.trim()));
    let end = match parameters.then {
        Then::PowerOff => RebootCommand::PowerOff,
        Then::Reboot => RebootCommand::Restart,
    };
    reboot(end)?;
    // The kernel does not come back from that.
    loop {
        std::thread::park();
    }
}

/// How far it is, in steps that suit a slow console.
fn describe(progress: Progress) -> String {
    let what = match progress.stage {
        Stage::Writing => "written",
        Stage::Verifying => "read back",
    };
    let tenths = progress.all.map(|all| progress.done * 10 / all.max(1));
    match tenths {
        Some(tenths) => format!("{what}: {} %", tenths * 10),
        None => format!("{what}: {} GiB", progress.done >> 30),
    }
}

/// Waits for the disk. One that is named is taken when it is there; else all have to be
/// known.
fn find(log: &Log, modules: &mut Modules, selector: Option<&Selector>) -> Result<Disk, Error> {
    let events = Events::subscribe()?;
    let start = log.elapsed();
    let mut seen = Vec::new();
    let mut changed = start;
    loop {
        let disks = disks::all(Path::new("/sys"), Path::new("/dev"))?;
        if disks != seen {
            changed = log.elapsed();
            seen = disks;
        }
        let choice = selector::choose(selector, &seen);
        let is_final = match selector {
            Some(selector) if selector.is_name() => choice.is_ok(),
            _ => log.elapsed() - changed >= SETTLED && !seen.is_empty(),
        };
        if is_final || log.elapsed() - start >= PATIENCE {
            if choice.is_err() {
                for disk in &seen {
                    log.info(&format!("there is {disk}"));
                }
            }
            return Ok(choice?.clone());
        }
        if !modules.load_next_for_devices(log) {
            events.wait(LOOK_AGAIN)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_in_tenths() {
        let progress = |done, all| Progress {
            stage: Stage::Writing,
            done,
            all,
        };
        assert_eq!(describe(progress(0, Some(0))), "written: 0 %");
        assert_eq!(describe(progress(19, Some(100))), "written: 10 %");
        assert_eq!(describe(progress(100, Some(100))), "written: 100 %");
        assert_eq!(describe(progress(5 << 30, None)), "written: 5 GiB");
    }
}
