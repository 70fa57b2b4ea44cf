//! Volumes with user data: found by their label, mounted for the moment, read.
//!
//! This runs before the rest, in a process of its own (`early-boot-config
//! volumes`): who may open disks need not be who speaks to the API, and the
//! other way round. Between the two there is a folder of files.
//!
//! The layouts are those of cloud-init: NoCloud (a volume `cidata` with
//! `user-data`) and OpenStack's config drive (a volume `config-2` with
//! `openstack/latest/user_data`); on VMware also any CD-ROM with user data or
//! an OVF environment. A volume `cidata` of ours may have `user-data-url` in place of
//! `user-data`: where they are, and their digest.

mod device;
mod label;
mod mount;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use platform::Platform;

use device::Device;
pub use label::{FileSystem, Volume, identify};
use mount::Mounted;

/// What was found, as names of files.
pub const NO_CLOUD: &str = "nocloud";
/// The address of user data, in place of them: they are fetched by another program, which
/// leaves [`NO_CLOUD`] or [`PROBLEM`].
pub const NO_CLOUD_ADDRESS: &str = "nocloud-address";
/// User data of a config drive; empty if the drive has none.
pub const CONFIG_DRIVE: &str = "config-drive";
/// User data on a CD-ROM of VMware's.
pub const CD_ROM: &str = "cd-rom";
/// The OVF environment on one.
pub const OVF_ENVIRONMENT: &str = "ovf-env.xml";
/// Why what is there cannot be read.
pub const PROBLEM: &str = "problem";

/// How long a volume that is said to come may take.
const PATIENCE: Duration = Duration::from_secs(60);

const INTERVAL: Duration = Duration::from_millis(100);

/// Files of a volume, in the order of preference, and what each is left as.
type Wanted = &'static [(&'static str, &'static str)];

/// What a volume `cidata` has if its user data lie elsewhere, see `flash`: a line
/// `URL#sha256=DIGEST`.
const ADDRESS_FILE: &str = "user-data-url";

/// Labels are compared without regard to case: FAT has capitals alone.
const LAYOUTS: [(&str, Wanted); 2] = [
    (
        "cidata",
        &[("user-data", NO_CLOUD), (ADDRESS_FILE, NO_CLOUD_ADDRESS)],
    ),
    ("config-2", &[("openstack/latest/user_data", CONFIG_DRIVE)]),
];

const CD_ROM_LAYOUT: Wanted = &[
    ("user-data", CD_ROM),
    ("user-data.toml", CD_ROM),
    ("user-data.txt", CD_ROM),
    ("ovf-env.xml", OVF_ENVIRONMENT),
];

/// Looks at the volumes of the node below `root`, and leaves what they hold in
/// the folder `found`. What is wrong with a volume is left there too, because
/// it is wrong with the user data; only the folder itself can fail.
///
/// # Errors
///
/// If the folder cannot be written.
pub fn collect(root: &Path, found: &Path) -> files::Result<()> {
    files::create_dir_all(found)?;
    let problem = match Platform::detect(root) {
        Ok(platform) => look(root, platform, found),
        // Who reads the files says so.
        Err(_) => Ok(()),
    };
    match problem {
        Ok(()) => Ok(()),
        Err(Stop::Write(error)) => Err(error),
        Err(Stop::Volume(reason)) => {
            tracing::error!("{reason}");
            files::replace(&found.join(PROBLEM), reason.as_bytes(), 0o600)
        }
    }
}

/// Removes what was found.
///
/// # Errors
///
/// If it cannot be removed.
pub fn forget(found: &Path) -> files::Result<()> {
    for name in [
        NO_CLOUD,
        NO_CLOUD_ADDRESS,
        CONFIG_DRIVE,
        CD_ROM,
        OVF_ENVIRONMENT,
        PROBLEM,
    ] {
        let path = found.join(name);
        match files::at("remove", &path, fs::remove_file(&path)) {
            Err(error) if error.is_not_found() => {}
            removed => removed?,
        }
    }
    Ok(())
}

/// Why it stopped.
enum Stop {
    Volume(String),
    Write(files::Error),
}

fn look(root: &Path, platform: Platform, found: &Path) -> Result<(), Stop> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut any = false;
        for device in device::all(root).map_err(Stop::Write)? {
            any |= read(&device, platform, found)?;
        }
        // Only a volume that is announced is waited for.
        if any || platform != Platform::NoCloud {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let seconds = PATIENCE.as_secs();
            return Err(Stop::Volume(format!(
                "no volume has the label `cidata`, after {seconds} s; hint: the kernel's \
                 arguments or the serial number of this machine say that there is one"
            )));
        }
        std::thread::sleep(INTERVAL);
    }
}

/// Reads a device, if it is a volume with user data; says whether it is.
fn read(device: &Device, platform: Platform, found: &Path) -> Result<bool, Stop> {
    let Some(volume) = device.volume() else {
        return Ok(false);
    };
    let by_label = LAYOUTS
        .iter()
        .find(|(label, _)| volume.label.eq_ignore_ascii_case(label));
    let wanted = match by_label {
        Some((_, wanted)) => wanted,
        None if platform == Platform::VMware && device.is_cd_rom() => CD_ROM_LAYOUT,
        None => return Ok(false),
    };
    // Of a disk and its partition that show the same, the disk comes first.
    if wanted.iter().any(|(_, name)| found.join(name).exists()) {
        return Ok(true);
    }
    let broken = |reason: String| {
        let node = device.node().display();
        Stop::Volume(format!("{node}, the volume `{}`: {reason}", volume.label))
    };
    let mounted = Mounted::new(device.node(), volume.file_system).map_err(broken)?;
    let is_config_drive = wanted[0].1 == CONFIG_DRIVE;
    for (path, name) in wanted {
        let bytes = match mounted.read(path).map_err(broken)? {
            Some(bytes) => bytes,
            // That there is a config drive is worth knowing.
            None if is_config_drive => Vec::new(),
            None => continue,
        };
        tracing::info!("{} has {path}", device.node().display());
        files::replace(&found.join(name), &bytes, 0o600).map_err(Stop::Write)?;
        break;
    }
    Ok(true)
}
