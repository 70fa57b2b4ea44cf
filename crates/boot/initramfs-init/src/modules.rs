//! Loading the drivers that come with the initramfs.

use crate::drivers::{self, Drivers};
use crate::log::Log;
use rustix::io::Errno;
use rustix::system::finit_module;
use std::fs::File;
use std::path::Path;

/// The folder with the modules, and with the lists of when to load which.
const MODULES: &str = "/modules";

/// `MODULE_INIT_COMPRESSED_FILE`: the kernel decompresses the module itself.
const COMPRESSED: i32 = 4;

/// The modules of the initramfs, and which of them have been dealt with.
#[derive(Debug)]
pub struct Modules {
    drivers: Drivers,
    done: Vec<String>,
}

impl Modules {
    /// Loads every module that `/modules/order` names: one file name per line,
    /// a module behind those it needs. `/modules/aliases` is kept for
    /// [`load_next_for_devices`](Self::load_next_for_devices).
    pub fn load(log: &Log) -> Modules {
        let list = |name: &str| {
            files::read_to_string(&Path::new(MODULES).join(name)).unwrap_or_else(|error| {
                log.warn(&error.to_string());
                String::new()
            })
        };
        let mut modules = Modules {
            drivers: Drivers::parse(&list("aliases")),
            done: Vec::new(),
        };
        let mut loaded = 0;
        for name in names(&list("order")) {
            loaded += u32::from(load_once(&mut modules.done, log, name));
        }
        log.info(&format!("{loaded} modules loaded"));
        modules
    }

    /// Loads the next driver that a device asks for and says whether there was
    /// one. One at a time, in the order of the list: with the disk found, the
    /// others can wait for udev. A driver brings further devices, so this is to
    /// be repeated when some have appeared.
    pub fn load_next_for_devices(&mut self, log: &Log) -> bool {
        let devices = drivers::modaliases(Path::new("/sys"));
        let before = self.done.len();
        for files in self.drivers.wanted(&devices) {
            for name in files {
                load_once(&mut self.done, log, name);
            }
            if self.done.len() > before {
                return true;
            }
        }
        false
    }
}

/// Says whether the module was loaded now. One that does not load is reported,
/// once, and otherwise ignored: if it was needed, what needed it fails with its
/// own reason.
fn load_once(done: &mut Vec<String>, log: &Log, name: &str) -> bool {
    if done.iter().any(|known| known == name) {
        return false;
    }
    done.push(name.to_owned());
    let result = load_one(&Path::new(MODULES).join(name));
    if let Err(error) = &result {
        log.warn(&error.to_string());
    }
    result.is_ok()
}

fn load_one(path: &Path) -> Result<(), files::Error> {
    let file = files::at("open", path, File::open(path))?;
    match finit_module(&file, c"", flags(path)) {
        // It is built into this kernel, or was loaded for another module.
        Err(Errno::EXIST) => Ok(()),
        result => files::at("load", path, result.map_err(Into::into)),
    }
}

fn names(order: &str) -> impl Iterator<Item = &str> {
    order
        .lines()
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.contains('/'))
}

fn flags(path: &Path) -> i32 {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("xz" | "zst" | "gz") => COMPRESSED,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_one_file_name_per_line() {
        let order = "dm-mod.ko\n\n  erofs.ko.xz \r\n../init\n";
        assert_eq!(
            names(order).collect::<Vec<_>>(),
            ["dm-mod.ko", "erofs.ko.xz"]
        );
    }

    #[test]
    fn the_kernel_is_told_which_files_are_compressed() {
        for (name, expected) in [
            ("dm-mod.ko", 0),
            ("dm-mod.ko.xz", COMPRESSED),
            ("dm-mod.ko.zst", COMPRESSED),
            ("xz", 0),
        ] {
            assert_eq!(flags(Path::new(name)), expected, "{name}");
        }
    }
}
