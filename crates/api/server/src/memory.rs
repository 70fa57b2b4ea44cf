//! The C library's allocator, told that little memory is worth more than speed:
//! a server that idles for months should not keep what its busiest moment took.

/// One pool for all threads, which hands back to the system what it can. To be
/// called before there is a second thread. Other C libraries keep their ways.
pub(crate) fn keep_little() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [
        (libc::M_ARENA_MAX, 1),
        (libc::M_TRIM_THRESHOLD, 64 * 1024),
        (libc::M_MMAP_THRESHOLD, 64 * 1024),
        (libc::M_TOP_PAD, 0),
    ] {
        // SAFETY: mallopt(3) changes numbers of the allocator, under its lock.
        let taken = unsafe { libc::mallopt(parameter, value) };
        if taken == 0 {
            tracing::debug!("the allocator takes no parameter {parameter}");
        }
    }
}
