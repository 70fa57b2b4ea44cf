//! The end of a boot that cannot go on.

use crate::log::Log;
use rustix::system::{RebootCommand, reboot};
use std::time::Duration;

/// Seconds between a kernel panic and the restart (`panic=`); zero waits for
/// ever.
const PANIC_TIMEOUT: &str = "/proc/sys/kernel/panic";

/// How long a person may read the reason where the kernel does not wait.
const PAUSE: Duration = Duration::from_secs(5);

/// Says why the boot failed and restarts the machine.
///
/// The end of the first process is a kernel panic, which the kernel also
/// keeps for the next boot where it has a place for it (pstore). If a panic
/// would leave the machine standing, it is restarted from here: nobody may be
/// there to do it, and the boot loader should try the other slot.
pub fn fatal(log: &Log, error: &dyn std::error::Error) -> ! {
    log.fatal(&error.to_string());
    if !panic_restarts(std::fs::read_to_string(PANIC_TIMEOUT).ok().as_deref()) {
        log.warn("a kernel panic would not restart this machine (panic=0), so init does");
        std::thread::sleep(PAUSE);
        if let Err(error) = reboot(RebootCommand::Restart) {
            log.warn(&format!("failed to restart: {error}"));
        }
    }
    std::process::exit(1)
}

/// Whether the kernel restarts after a panic, by the content of
/// [`PANIC_TIMEOUT`]: negative means at once.
fn panic_restarts(timeout: Option<&str>) -> bool {
    timeout
        .and_then(|text| text.trim().parse::<i64>().ok())
        .is_some_and(|seconds| seconds != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_known_timeout_other_than_zero_restarts() {
        for (timeout, expected) in [
            (Some("2\n"), true),
            (Some("-1\n"), true),
            (Some("0\n"), false),
            (Some(""), false),
            (None, false),
        ] {
            assert_eq!(panic_restarts(timeout), expected, "{timeout:?}");
        }
    }
}
