//! `/init` of the initramfs; all of it is in the library.

fn main() {
    let log = initramfs_init::Log::start("init");
    let Err(error) = initramfs_init::boot(&log);
    initramfs_init::fatal(&log, &error)
}
