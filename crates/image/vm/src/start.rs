//! `vm start`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tools::Tools;
use vm::{Architecture, Boot, Detached, Disk, Network, Options, UserData};

use crate::cli::Start;
use crate::follow;

/// The overlay, in the state folder.
const OVERLAY: &str = "disk.qcow2";
const FIRMWARE_VARIABLES: &str = "firmware-variables.fd";

const GIB: u64 = 1024 * 1024 * 1024;

pub(crate) fn run(start: &Start, state: &Path, tools: Option<&Path>) -> Result<()> {
    let options = options(start, state, tools)?;
    if let Ok(running) = Detached::find(state) {
        return Err(vm::Error::Running(running.state().pid).into());
    }
    if !start.keep {
        forget(state)?;
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
    let architecture = Architecture::named(&start.architecture)?;
    let boot = match (&start.kernel, &start.cmdline) {
        (Some(kernel), Some(cmdline)) => Boot::Kernel {
            kernel: kernel.clone(),
            initrd: start.initrd.clone(),
            cmdline: files::read_to_string(cmdline)?.trim().to_owned(),
        },
        _ => Boot::Firmware,
    };
    let mut options = Options::new(architecture, find_tools(tools, architecture)?, boot);
    let image = files::at("examine", &start.disk, fs::metadata(&start.disk))?;
    options.disk = Some(Disk::Overlay {
        base: start.disk.clone(),
        file: OVERLAY.into(),
        size: Some((start.disk_size * GIB).max(image.len())),
    });
    options.memory_mib = start.memory;
    options.cpus = start.cpus;
    options.accelerator = start.accelerator.into();
    options.network = Some(Network {
        forwards: start.forward.clone(),
    });
    if let Some(file) = &start.user_data {
        options.user_data = Some(UserData::FirmwareConfiguration(files::read(file)?));
    }
    // The image builder puts the kernel beside the disk.
    options.probe_kernel = Some(start.disk.with_file_name("vmlinuz")).filter(|k| k.exists());
    options.probe_cache = Some(state.join("kvm.json"));
    Ok(options)
}

/// Removes what would make the next node a continuation of the last one.
fn forget(state: &Path) -> Result<()> {
    for name in [OVERLAY, FIRMWARE_VARIABLES] {
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

fn find_tools(given: Option<&Path>, architecture: &Architecture) -> Result<Tools> {
    if let Some(folder) = given {
        return Ok(Tools::unpacked(folder)?);
    }
    let built: PathBuf = ["build/cache", architecture.name, "tools"].iter().collect();
    if built.is_dir() {
        return Ok(Tools::unpacked(&built)?);
    }
    Ok(Tools::host())
}
