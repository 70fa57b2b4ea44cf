//! The boot, step by step.

use crate::disks::{self, Machine, Slot};
use crate::log::Log;
use crate::machine_id::MachineId;
use crate::modules::Modules;
use crate::root_hash::RootHash;
use crate::uevent::Events;
use crate::verity::{SUPERBLOCK_BYTES, Superblock};
use crate::{cmdline, device_mapper, etc, gpt, mounts, raw, selinux, verity};
use rustix::rand::{GetRandomFlags, getrandom};
use std::convert::Infallible;
use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a disk may take to appear.
const DISK_TIMEOUT: Duration = Duration::from_secs(30);

/// How often to look for disks although nothing was announced.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

const SYSTEMD: &CStr = c"/usr/lib/systemd/systemd";
const FACTORY: &str = "/usr/share/factory/etc";

/// Why the machine cannot start: what, where, and why.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, mount or device failed.
    #[error(transparent)]
    File(#[from] files::Error),
    /// The kernel command line does not say what to start.
    #[error(transparent)]
    CommandLine(#[from] cmdline::Error),
    /// No disk carries the slot.
    #[error(
        "no disk carries the root file system with the hash {root_hash}, after {} s: {remarks}",
        DISK_TIMEOUT.as_secs()
    )]
    NoSlot {
        /// The root hash from the command line.
        root_hash: RootHash,
        /// What there is instead.
        remarks: String,
    },
    /// The kernel's device events cannot be waited for.
    #[error("failed to wait for disks: {0}")]
    Events(io::Error),
    /// The hash partition cannot be used.
    #[error("hash tree on {}: {source}", path.display())]
    Verity {
        /// The hash partition.
        path: PathBuf,
        /// What is wrong with it.
        source: verity::Error,
    },
    /// The verified device could not be made.
    #[error(transparent)]
    DeviceMapper(#[from] device_mapper::Error),
    /// SELinux is not in force.
    #[error(transparent)]
    Selinux(#[from] selinux::Error),
    /// There is no identity for this machine.
    #[error("failed to get random bytes for the machine ID: {0}")]
    Random(io::Error),
}

/// Goes from the initramfs to systemd, and only comes back with the reason why
/// it could not.
pub fn boot(log: &Log) -> Result<Infallible, Error> {
    mounts::kernel_file_systems()?;
    log.info("started");
    let mut modules = Modules::load(log);
    let line = String::from_utf8_lossy(&files::read(Path::new("/proc/cmdline"))?).into_owned();
    let root_hash = cmdline::root_hash(&line)?;
    if kernel_cmdline::value(&line, "enforcing") == Some("0") {
        log.warn("enforcing=0 on the kernel command line is not honoured");
    }

    let slot = find_slot(log, &mut modules, &root_hash)?;
    log.info(&describe(&slot));
    let root = verified_device(&slot, &root_hash)?;
    mounts::root(&root)?;
    log.info(&format!("root mounted from {}", root.display()));

    let machine_id = machine_id(log, &line)?;
    // Before the policy is in force, so that it need not allow any of it.
    mounts::switch_root(log)?;
    selinux::enforce(log)?;
    make_etc(log, &machine_id)?;
    if let Err(error) = mounts::console() {
        // A machine without any console has to start all the same.
        log.warn(&error.to_string());
    }
    log.info("starting systemd");
    // Without the variables that the kernel makes of words on its command line
    // it does not know.
    let error = raw::execute(SYSTEMD);
    let path = Path::new(OsStr::from_bytes(SYSTEMD.to_bytes()));
    Ok(files::at("execute", path, Err(error))?)
}

/// Waits for the disk with the slot of this root hash. Each thing worth
/// knowing is said once.
fn find_slot(log: &Log, modules: &mut Modules, root_hash: &RootHash) -> Result<Slot, Error> {
    let machine = Machine {
        sys: Path::new("/sys"),
        dev: Path::new("/dev"),
    };
    let failed = |error| Error::Events(io::Error::from(error));
    let events = Events::subscribe().map_err(failed)?;
    let start = log.elapsed();
    let mut said: Vec<String> = Vec::new();
    let mut waiting = false;
    loop {
        let scan = disks::scan(machine, root_hash)?;
        for remark in &scan.remarks {
            if !said.contains(remark) {
                log.info(remark);
                said.push(remark.clone());
            }
        }
        if let Some(slot) = scan.slot {
            return Ok(slot);
        }
        if modules.load_next_for_devices(log) {
            continue;
        }
        if !waiting {
            log.info("waiting for the disk with the root file system");
            waiting = true;
        }
        let left = DISK_TIMEOUT.saturating_sub(log.elapsed() - start);
        if left.is_zero() {
            return Err(Error::NoSlot {
                root_hash: *root_hash,
                remarks: match scan.remarks.as_slice() {
                    [] => "there is no disk".to_owned(),
                    remarks => remarks.join("; "),
                },
            });
        }
        events.wait(left.min(LOOK_AGAIN)).map_err(failed)?;
    }
}

/// Puts data and hash tree together into a device whose every block is
/// checked when it is read.
fn verified_device(slot: &Slot, root_hash: &RootHash) -> Result<PathBuf, Error> {
    let path = &slot.hash.path;
    let mut bytes = [0; SUPERBLOCK_BYTES];
    let read = File::open(path).and_then(|file| gpt::ReadAt::read_exact_at(&file, &mut bytes, 0));
    files::at("read", path, read)?;
    let check = || {
        let superblock = Superblock::parse(&bytes)?;
        superblock.check_sizes(slot.data.bytes, slot.hash.bytes)?;
        Ok(superblock)
    };
    let superblock = check().map_err(|source| Error::Verity {
        path: path.clone(),
        source,
    })?;
    let table = superblock.table(
        root_hash,
        &slot.data.path.to_string_lossy(),
        &path.to_string_lossy(),
    );
    let device = device_mapper::create_verity(
        "root",
        &superblock.device_uuid(),
        superblock.sectors(),
        &table,
    )?;
    Ok(device)
}

fn describe(slot: &Slot) -> String {
    format!(
        "slot {}: root {}, hash tree {}",
        slot.letter.unwrap_or('?'),
        slot.data.path.display(),
        slot.hash.path.display()
    )
}

/// Who this machine is: what the kernel command line says, else what the
/// platform says, else a new name.
fn machine_id(log: &Log, line: &str) -> Result<MachineId, Error> {
    if let Some(text) = kernel_cmdline::value(line, "systemd.machine_id") {
        match MachineId::parse(text) {
            Some(id) => return Ok(id),
            None => log.warn(&format!("systemd.machine_id={text} is not a machine ID")),
        }
    }
    // Only there where the firmware has SMBIOS tables.
    let platform = std::fs::read_to_string("/sys/class/dmi/id/product_uuid").ok();
    if let Some(id) = platform.as_deref().and_then(MachineId::from_product_uuid) {
        return Ok(id);
    }
    log.warn("the platform gives this machine no UUID: its machine ID is new at each boot");
    let mut bytes = [0; 16];
    getrandom(&mut bytes, GetRandomFlags::empty()).map_err(|error| Error::Random(error.into()))?;
    Ok(MachineId::random(bytes))
}

/// Makes `/etc` in memory, anew at each boot, from what the image ships.
fn make_etc(log: &Log, machine_id: &MachineId) -> Result<(), Error> {
    mounts::etc()?;
    let target = Path::new("/etc");
    let copied = etc::fill(Path::new(FACTORY), target)?;
    let path = target.join("machine-id");
    let shipped = std::fs::read_to_string(&path).ok();
    if shipped.as_deref().and_then(MachineId::parse).is_none() {
        files::replace(&path, format!("{machine_id}\n").as_bytes(), 0o444)?;
    }
    log.info(&format!("/etc made of {copied} files"));
    Ok(())
}
