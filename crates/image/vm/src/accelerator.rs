//! Emulation or KVM, decided by trying.
//!
//! A machine can have `/dev/kvm` and still not run a kernel with it (nested
//! virtualisation that refuses registers or hangs). So nothing short of booting
//! a kernel to its end of initialisation counts, and the answer is kept until
//! this machine restarts.

use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::node::Node;
use crate::options::{Boot, Choice, Options};
use crate::procfs;

/// How the guest's processors run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// On this machine's processors.
    Kvm,
    /// Emulated by QEMU, about ten times slower.
    Emulation,
}

/// How long a kernel gets; with KVM that works it needs about one second.
const PROBE_TIMEOUT: Duration = Duration::from_secs(6);

/// Lines by which a kernel tells that it has set itself up: it starts the
/// initramfs, or finds no root because it was given none.
const KERNEL_IS_UP: &str = "Run /init as init process|Unable to mount root fs";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cached {
    boot_id: String,
    usable: bool,
}

/// Decides, and tells what a person should know about the decision.
pub(crate) fn choose(options: &Options) -> (Accelerator, Option<String>) {
    match options.accelerator {
        Choice::Kvm => return (Accelerator::Kvm, None),
        Choice::Emulation => return (Accelerator::Emulation, None),
        Choice::Auto => {}
    }
    if !options.architecture.is_native() {
        return (Accelerator::Emulation, None);
    }
    if let Err(e) = OpenOptions::new().read(true).write(true).open("/dev/kvm") {
        return (
            Accelerator::Emulation,
            Some(format!("no KVM, using emulation: /dev/kvm: {e}")),
        );
    }
    let kernel = match (&options.probe_kernel, &options.boot) {
        (Some(kernel), _) | (None, Boot::Kernel { kernel, .. }) => kernel,
        (None, Boot::Firmware | Boot::Program(_)) => {
            let notice = "no kernel file to try KVM with, using emulation";
            return (Accelerator::Emulation, Some(notice.to_owned()));
        }
    };
    let cache = options.probe_cache.as_deref();
    let usable = cache.and_then(cached).unwrap_or_else(|| {
        let usable = kernel_runs(options, kernel);
        if let Some(cache) = cache {
            remember(cache, usable);
        }
        usable
    });
    if usable {
        return (Accelerator::Kvm, None);
    }
    let notice = "KVM is there but runs no kernel on this machine, using emulation";
    (Accelerator::Emulation, Some(notice.to_owned()))
}

fn kernel_runs(options: &Options, kernel: &Path) -> bool {
    let console = options.architecture.console;
    let boot = Boot::Kernel {
        kernel: kernel.to_owned(),
        initrd: None,
        cmdline: format!("console={console} panic=-1"),
    };
    let mut probe = Options::new(options.architecture, options.tools.clone(), boot);
    probe.accelerator = Choice::Kvm;
    probe.memory_mib = 512;
    probe.reboot = false;
    // Whatever goes wrong here means that KVM is not to be used.
    Node::start(&probe)
        .and_then(|node| node.console().wait_for(KERNEL_IS_UP, 0, PROBE_TIMEOUT))
        .is_ok()
}

fn cached(file: &Path) -> Option<bool> {
    let cached: Cached = serde_json::from_slice(&files::read(file).ok()?).ok()?;
    (cached.boot_id == procfs::boot_id()).then_some(cached.usable)
}

fn remember(file: &Path, usable: bool) {
    let cached = Cached {
        boot_id: procfs::boot_id(),
        usable,
    };
    // Without the file the next start tries again, which costs seconds only.
    if let Ok(json) = serde_json::to_vec(&cached) {
        let _ = file.parent().map(files::create_dir_all);
        let _ = files::replace(file, &json, 0o644);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_until_this_machine_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deeper/kvm.json");
        assert_eq!(cached(&file), None);
        for usable in [false, true] {
            remember(&file, usable);
            assert_eq!(cached(&file), Some(usable));
        }
        for stale in [r#"{"boot-id":"other","usable":true}"#, "{}", ""] {
            std::fs::write(&file, stale).unwrap();
            assert_eq!(cached(&file), None, "{stale}");
        }
    }
}
