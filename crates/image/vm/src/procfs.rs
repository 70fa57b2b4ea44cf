//! What the kernel tells about a process.

use std::fs;
use std::time::Duration;

/// Identity of a process across the reuse of its number: when it started, in
/// clock ticks since boot. `None` if there is no such process.
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields = fields(&stat)?;
    // A zombie has ended; only its parent does not know yet.
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Processor time a process has used so far, in user and kernel mode.
pub(crate) fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    cpu_ticks(&stat).map(|ticks| {
        let per_second = rustix::param::clock_ticks_per_second();
        Duration::from_secs_f64(ticks as f64 / per_second as f64)
    })
}

/// This machine's boot, so that files of an earlier one are recognised.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn cpu_ticks(stat: &str) -> Option<u64> {
    let fields = fields(stat)?;
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(number(11)? + number(12)?)
}

/// The fields from the third on (state): the second, the program's name in
/// parentheses, may itself contain spaces and parentheses.
fn fields(stat: &str) -> Option<Vec<&str>> {
    Some(stat.rsplit_once(')')?.1.split_whitespace().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_read_whatever_the_program_is_called() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 777 0";
        for name in ["qemu", "a b", ") S 1", "(("] {
            assert_eq!(
                cpu_ticks(&format!("12 ({name}) {rest}")),
                Some(300),
                "{name}"
            );
        }
        for broken in [
            "",
            "12 (qemu",
            "12 (qemu) S 1 2",
            "12 (q) S 1 2 3 4 5 6 7 8 9 10 x 1",
        ] {
            assert_eq!(cpu_ticks(broken), None, "{broken}");
        }
    }

    #[test]
    fn this_process_exists_and_an_impossible_one_does_not() {
        assert!(start_time(std::process::id()).is_some());
        assert!(cpu_time(std::process::id()).is_some());
        assert_eq!(start_time(u32::MAX), None);
    }
}
