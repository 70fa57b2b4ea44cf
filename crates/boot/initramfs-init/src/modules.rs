//! Loading the drivers that come with the initramfs.

use crate::log::Log;
use rustix::io::Errno;
use rustix::system::finit_module;
use std::fs::File;
use std::path::Path;

/// The folder with the modules, and with `order`, which lists them.
const MODULES: &str = "/modules";

/// `MODULE_INIT_COMPRESSED_FILE`: the kernel decompresses the module itself.
const COMPRESSED: i32 = 4;

/// Loads every module that `/modules/order` names: one file name per line, a
/// module behind those it needs.
///
/// A module that does not load is reported and otherwise ignored. It may be
/// for hardware that this machine does not have; if it was needed, what needed
/// it fails with its own reason.
pub fn load(log: &Log) {
    let order = match files::read_to_string(&Path::new(MODULES).join("order")) {
        Ok(order) => order,
        Err(error) => {
            log.warn(&format!("no modules loaded: {error}"));
            return;
        }
    };
    let mut loaded = 0;
    for name in names(&order) {
        match load_one(&Path::new(MODULES).join(name)) {
            Ok(()) => loaded += 1,
            Err(error) => log.warn(&format!("module {name}: {error}")),
        }
    }
    log.info(&format!("{loaded} modules loaded"));
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
