//! Virtual machines that boot the image.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tools::Tools;
use vm::{Architecture, Boot, Disk, Network, Options};

use crate::image::{Image, workspace};

/// How long a boot may take. Emulated on a busy machine it takes a minute.
pub const BOOT: Duration = Duration::from_secs(300);

/// A machine with an empty state folder of this name, which no other test may
/// use, and without a disk.
pub fn machine(image: &Image, name: &str, boot: Boot) -> Result<Options> {
    let tools = image_tools()?;
    let folder = workspace().join("build/end-to-end");
    let state = folder.join(name);
    match fs::remove_dir_all(&state) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            return Err(e).with_context(|| format!("failed to empty {}", state.display()));
        }
        _ => {}
    }
    let mut options = Options::new(Architecture::named(&image.architecture)?, tools, boot);
    options.probe_kernel = Some(image.file("vmlinuz"));
    options.probe_cache = Some(folder.join("kvm.json"));
    options.network = Some(Network::default());
    options.state = Some(state);
    Ok(options)
}

/// The image tools: the tree that the environment names, that of the image
/// builder, or else the programs of this machine.
pub fn image_tools() -> Result<Tools> {
    let built = workspace()
        .join("build/cache")
        .join(env::consts::ARCH)
        .join("tools");
    Ok(match env::var_os("BOTTLEROCKET_TOOLS") {
        Some(folder) => Tools::unpacked(&PathBuf::from(folder))?,
        None if built.exists() => Tools::unpacked(&built)?,
        None => Tools::host(),
    })
}

/// Boots as a real machine does.
pub fn through_firmware() -> Boot {
    Boot::Firmware
}

/// Boots the image's kernel with its own command line, without firmware and
/// boot loader: some seconds faster.
pub fn direct(image: &Image) -> Result<Boot> {
    Ok(Boot::Kernel {
        kernel: image.file("vmlinuz"),
        initrd: Some(image.file("initramfs.zst")),
        cmdline: image.line("cmdline")?,
    })
}

/// As [`direct`], with another command line made of the image's own.
pub fn direct_with(image: &Image, change: impl FnOnce(&str) -> String) -> Result<Boot> {
    Ok(match direct(image)? {
        Boot::Kernel {
            kernel,
            initrd,
            cmdline,
        } => Boot::Kernel {
            kernel,
            initrd,
            cmdline: change(&cmdline),
        },
        firmware => firmware,
    })
}

/// The image's disk, enlarged to this many GiB; what is written to it stays in
/// the machine's state folder.
pub fn disk(image: &Image, gib: u64) -> Option<Disk> {
    Some(Disk::Overlay {
        base: image.disk().to_owned(),
        file: "disk.qcow2".into(),
        size: Some(gib << 30),
    })
}
