//! `/init` of the installer; all of it is in the library.

fn main() {
    let log = initramfs_init::Log::start("install-to-disk");
    install_to_disk::run(&log)
}
