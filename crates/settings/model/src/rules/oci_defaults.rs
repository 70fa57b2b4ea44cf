//! Rules for `settings.oci-defaults`.

use super::Faults;
use crate::groups::Limits;
use crate::{ResourceLimit, Settings};

/// setrlimit(2) refuses a soft limit above the hard one, so no container would
/// start.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    let Some(limits) = settings
        .oci_defaults
        .as_ref()
        .and_then(|defaults| defaults.resource_limits.as_ref())
    else {
        return;
    };
    for (name, limit) in [
        ("max-address-space", &limits.max_address_space),
        ("max-core-file-size", &limits.max_core_file_size),
        ("max-cpu-time", &limits.max_cpu_time),
        ("max-data-size", &limits.max_data_size),
        ("max-file-locks", &limits.max_file_locks),
        ("max-file-size", &limits.max_file_size),
        ("max-locked-memory", &limits.max_locked_memory),
        ("max-msgqueue-size", &limits.max_msgqueue_size),
        ("max-nice-priority", &limits.max_nice_priority),
        ("max-open-files", &limits.max_open_files),
        ("max-pending-signals", &limits.max_pending_signals),
        ("max-processes", &limits.max_processes),
        ("max-realtime-priority", &limits.max_realtime_priority),
        ("max-realtime-timeout", &limits.max_realtime_timeout),
        ("max-resident-set", &limits.max_resident_set),
        ("max-stack-size", &limits.max_stack_size),
    ] {
        if limit.as_ref().is_some_and(is_reversed) {
            faults.add(
                &["oci-defaults", "resource-limits", name, "soft-limit"],
                "it must not be above `hard-limit`",
            );
        }
    }
}

fn is_reversed(limits: &Limits) -> bool {
    let height = |limit: ResourceLimit| limit.get().unwrap_or(u64::MAX);
    match (limits.soft_limit, limits.hard_limit) {
        (Some(soft), Some(hard)) => height(soft) > height(hard),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::table;

    #[test]
    fn soft_limits_are_below_hard_ones() {
        let files = |soft: Value, hard: Value| {
            json!({"oci-defaults": {"resource-limits": {"max-open-files": {
                "soft-limit": soft,
                "hard-limit": hard,
            }}}})
        };
        let message = "settings.oci-defaults.resource-limits.max-open-files.soft-limit: \
                       it must not be above `hard-limit`";
        table(
            &[
                files(json!(1), json!(1)),
                files(json!(1), json!("unlimited")),
                files(json!(-1), json!("unlimited")),
                files(json!(2), Value::Null),
            ],
            &[
                (files(json!(2), json!(1)), message),
                (files(json!("unlimited"), json!(1)), message),
            ],
        );
    }
}
