//! `vm start`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tools::Tools;
use vm::{
    Architecture, Attachment, Boot, Detached, Disk, Medium, Network, Options, Service, UserData,
};

use crate::cli::Start;
use crate::follow;

/// The overlay, in the state folder.
const OVERLAY: &str = "disk.qcow2";

/// A disk with nothing on it, below the overlay, in the state folder.
const BLANK: &str = "blank.img";

/// Another disk, in the state folder.
const DATA_DISK: &str = "data.img";

/// User data that a metadata service hands over, in the state folder.
const METADATA: &str = "metadata-user-data";

const DEFAULT_ARCHITECTURE: &str = "x86_64";

const GIB: u64 = 1024 * 1024 * 1024;

pub(crate) fn run(start: &Start, state: &Path, tools: Option<&Path>) -> Result<()> {
    let options = options(start, state, tools)?;
    if let Ok(running) = Detached::find(state) {
        return Err(vm::Error::Running(running.state().pid).into());
    }
    if !start.keep {
        forget(state)?;
    }
    if let Some(gib) = start.data_disk {
        make_data_disk(state, gib)?;
    }
    let begun = Instant::now();
    let (node, notice) = Detached::start(&options, state)?;
    if let Some(notice) = notice {
        eprintln!("{notice}");
    }
    if !start.detach {
        return follow::run(&node);
    }
    if start.wait == 0 {
        return Ok(());
    }
    eprintln!("waiting for the node to boot (Ctrl-C leaves it running)");
    let ready = node
        .wait_ready(Duration::from_secs(start.wait))
        .context("the node is not up (`vm console` shows more, `vm stop` ends it)")?;
    eprintln!(
        "the node is up after {:.1} s: {ready}",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}

fn options(start: &Start, state: &Path, tools: Option<&Path>) -> Result<Options> {
    let architecture = start.architecture.as_deref().map(Architecture::named);
    let architecture = architecture.transpose()?;
    let default = || architecture.map_or_else(|| Architecture::named(DEFAULT_ARCHITECTURE), Ok);
    let (disk, architecture) = match (&start.image, &start.disk) {
        (Some(folder), _) => disk_of(folder, architecture)?,
        (None, Some(disk)) => (disk.clone(), default()?),
        (None, None) => (blank(state)?, default()?),
    };
    let command_line =
        |file: &Path| -> Result<String> { Ok(files::read_to_string(file)?.trim().to_owned()) };
    let beside = |name: &str| disk.with_file_name(name);
    let boot = match (&start.kernel, &start.cmdline) {
        (Some(kernel), Some(cmdline)) => Boot::Kernel {
            kernel: kernel.clone(),
            initrd: start.initrd.clone(),
            cmdline: command_line(cmdline)?,
        },
        _ if start.direct || start.microvm => Boot::Kernel {
            kernel: beside("vmlinuz"),
            initrd: Some(beside("initramfs.zst")),
            cmdline: command_line(&beside("cmdline"))?,
        },
        _ => match &start.program {
            Some(program) => Boot::Program(program.clone()),
            None => Boot::Firmware,
        },
    };
    let mut options = Options::new(architecture, find_tools(tools)?, boot);
    options.micro = start.microvm;
    // The image builder puts the kernel beside the disk.
    options.probe_kernel = Some(disk.with_file_name("vmlinuz")).filter(|k| k.exists());
    let length = files::at("examine", &disk, fs::metadata(&disk))?.len();
    options.disk = Some(Disk::Overlay {
        base: disk,
        file: OVERLAY.into(),
        size: Some((start.disk_size * GIB).max(length)),
    });
    options.attachment = Attachment {
        bus: start.disk_bus.into(),
        sector: start.disk_sector,
        serial: start.disk_serial.clone(),
    };
    let data_disk = |_| Disk::WriteThrough(state.join(DATA_DISK));
    options.data_disk = start.data_disk.map(data_disk);
    let discs = start.disc.iter().cloned().map(Medium::Disc);
    let sticks = start.stick.iter().cloned().map(Medium::Stick);
    options.media = discs.chain(sticks).collect();
    options.memory_mib = start.memory;
    options.cpus = start.cpus;
    options.accelerator = start.accelerator.into();
    let user_data = start.user_data.as_deref().map(files::read).transpose()?;
    options.network = Some(Network {
        forwards: start.forward.clone(),
        services: services(start, state, user_data.as_deref())?,
    });
    options.firmware = start
        .firmware
        .as_deref()
        .map(|folder| files::at("find", folder, std::path::absolute(folder)))
        .transpose()?;
    match start.platform_fake {
        Some(platform) => options.identity = platform.identity(),
        None => options.user_data = user_data.map(UserData::FirmwareConfiguration),
    }
    options.net_toml = start.net_toml.as_deref().map(files::read).transpose()?;
    options.probe_cache = Some(state.join("kvm.json"));
    Ok(options)
}

/// This program itself joins the connections, and answers for a pretended platform.
fn services(start: &Start, state: &Path, user_data: Option<&[u8]>) -> Result<Vec<Service>> {
    let program = std::env::current_exe().context("failed to find this program")?;
    let program = program.to_string_lossy().into_owned();
    let service = |(address, server): &(_, String)| Service {
        address: *address,
        command: vec![program.clone(), "relay".to_owned(), server.clone()],
    };
    let mut services: Vec<Service> = start.connect.iter().map(service).collect();
    if let Some(platform) = start.platform_fake {
        // It may be changed, or be gone, by the time that the node asks.
        let kept = user_data.map(|data| -> Result<PathBuf> {
            files::create_dir_all(state)?;
            let file = files::at("find", state, std::path::absolute(state))?.join(METADATA);
            files::write(&file, data)?;
            Ok(file)
        });
        services.push(platform.service(&program, kept.transpose()?.as_deref()));
    }
    Ok(services)
}

/// A disk with nothing on it yet, to be installed to.
fn blank(state: &Path) -> Result<PathBuf> {
    files::create_dir_all(state)?;
    let disk = files::at("find", state, std::path::absolute(state))?.join(BLANK);
    files::write(&disk, [])?;
    Ok(disk)
}

/// Makes another disk with nothing on it, or lets the one that is there grow.
fn make_data_disk(state: &Path, gib: u64) -> Result<()> {
    files::create_dir_all(state)?;
    let path = state.join(DATA_DISK);
    let mut options = fs::OpenOptions::new();
    let disk = options.create(true).append(true).open(&path);
    let disk = files::at("make", &path, disk)?;
    let length = files::at("examine", &path, disk.metadata())?.len();
    Ok(files::at(
        "enlarge",
        &path,
        disk.set_len(length.max(gib * GIB)),
    )?)
}

/// Removes what would make the next node a continuation of the last one.
fn forget(state: &Path) -> Result<()> {
    for name in [OVERLAY, DATA_DISK].iter().chain(&vm::IDENTITY_FILES) {
        let path = state.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                files::at("remove", &path, Err(e))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The disk among the files of a built image, and the architecture that its name says:
/// `bottlerocket-VARIANT-ARCHITECTURE.img`. Where one is given, only its disks count.
fn disk_of(
    folder: &Path,
    architecture: Option<&'static Architecture>,
) -> Result<(PathBuf, &'static Architecture)> {
    let mut disks = Vec::new();
    for entry in files::at("list", folder, fs::read_dir(folder))? {
        let path = files::at("list", folder, entry)?.path();
        let name = path.to_string_lossy();
        let Some((_, of)) = name
            .strip_suffix(".img")
            .and_then(|stem| stem.rsplit_once('-'))
        else {
            continue;
        };
        // Of an image of something else nothing is asked.
        let Ok(of) = Architecture::named(of) else {
            continue;
        };
        if architecture.is_none_or(|wanted| wanted == of) {
            disks.push((path, of));
        }
    }
    match <[_; 1]>::try_from(disks) {
        Ok([disk]) => Ok(disk),
        Err(disks) => bail!(
            "{} holds {} disk images (*-{}.img), expected one\nhint: image-builder image",
            folder.display(),
            disks.len(),
            architecture.map_or("*", |a| a.name)
        ),
    }
}

fn find_tools(given: Option<&Path>) -> Result<Tools> {
    let environment = std::env::var_os("BOTTLEROCKET_TOOLS").map(PathBuf::from);
    Ok(match given.map(Path::to_owned).or(environment) {
        Some(folder) => Tools::unpacked(&folder)?,
        None => Tools::host(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_one_disk() {
        let folder = tempfile::tempdir().unwrap();
        let [x86, arm] = ["x86_64", "aarch64"].map(|name| Architecture::named(name).unwrap());
        let write = |name: &str| fs::write(folder.path().join(name), "").unwrap();
        write("vmlinuz");
        write("seed-me.img");
        write("bottlerocket-dev-aarch64.img");
        assert!(disk_of(folder.path(), Some(x86)).is_err());
        let (disk, architecture) = disk_of(folder.path(), None).unwrap();
        assert!(disk.ends_with("bottlerocket-dev-aarch64.img"));
        assert_eq!(architecture, arm);
        write("bottlerocket-dev-x86_64.img");
        let (disk, _) = disk_of(folder.path(), Some(x86)).unwrap();
        assert!(disk.ends_with("bottlerocket-dev-x86_64.img"));
        assert!(disk_of(folder.path(), None).is_err());
        write("bottlerocket-k8s-x86_64.img");
        assert!(disk_of(folder.path(), Some(x86)).is_err());
    }
}
