//! Rules for `settings.kubernetes`. Where nothing else is said, the kubelet
//! ends with an error if one is broken (its `ValidateKubeletConfiguration`, or
//! the start of the manager concerned).

use std::time::Duration;

use super::Faults;
use crate::groups::{
    CpuManagerPolicy, EvictionGracePeriods, EvictionThresholds, Kubernetes, MemoryManagerPolicy,
    ReservedResources,
};
use crate::{GoDuration, Percentage, Settings};

/// What a kubelet does that is not told.
const DEFAULT_IMAGE_GC_HIGH: u8 = 85;
const DEFAULT_IMAGE_GC_LOW: u8 = 80;
const DEFAULT_IMAGE_MINIMUM_GC_AGE: Duration = Duration::from_secs(120);

pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    if let Some(group) = &settings.kubernetes {
        workloads(group, faults);
        eviction(group, faults);
        reserved("kube-reserved", group.kube_reserved.as_ref(), faults);
        reserved("system-reserved", group.system_reserved.as_ref(), faults);
        managers(group, faults);
        images(group, faults);
        times(group, faults);
    }
}

fn workloads(group: &Kubernetes, faults: &mut Faults) {
    for (name, pod) in group.static_pods.iter().flatten() {
        // There would be no file for the kubelet to read.
        if pod.enabled == Some(true) && pod.manifest.is_none() {
            let key = ["kubernetes", "static-pods", name.as_ref(), "manifest"];
            faults.missing(&key, "the pod is enabled");
        }
    }
    for (name, provider) in group.credential_providers.iter().flatten() {
        // A provider without images is an invalid CredentialProviderConfig.
        let patterns = provider.image_patterns.as_deref().unwrap_or_default();
        if provider.enabled == Some(true) && patterns.is_empty() {
            let key = [
                "kubernetes",
                "credential-providers",
                name.as_ref(),
                "image-patterns",
            ];
            faults.missing(&key, "the provider is enabled");
        }
    }
}

/// A soft threshold without a grace period is refused.
fn eviction(group: &Kubernetes, faults: &mut Faults) {
    let none = EvictionGracePeriods::default();
    let periods = group.eviction_soft_grace_period.as_ref().unwrap_or(&none);
    let Some(soft) = &group.eviction_soft else {
        return;
    };
    let EvictionThresholds {
        memory_available,
        nodefs_available,
        nodefs_inodes_free,
        imagefs_available,
        imagefs_inodes_free,
        pid_available,
    } = soft;
    for (signal, threshold, period) in [
        (
            "memory.available",
            memory_available,
            &periods.memory_available,
        ),
        (
            "nodefs.available",
            nodefs_available,
            &periods.nodefs_available,
        ),
        (
            "nodefs.inodesFree",
            nodefs_inodes_free,
            &periods.nodefs_inodes_free,
        ),
        (
            "imagefs.available",
            imagefs_available,
            &periods.imagefs_available,
        ),
        (
            "imagefs.inodesFree",
            imagefs_inodes_free,
            &periods.imagefs_inodes_free,
        ),
        ("pid.available", pid_available, &periods.pid_available),
    ] {
        if threshold.is_some() && period.is_none() {
            let key = ["kubernetes", "eviction-soft-grace-period", signal];
            faults.missing(&key, "`eviction-soft` has a threshold for this signal");
        }
    }
}

/// Nothing can be reserved negatively.
fn reserved(name: &str, resources: Option<&ReservedResources>, faults: &mut Faults) {
    let Some(resources) = resources else {
        return;
    };
    for (resource, quantity) in [
        ("cpu", &resources.cpu),
        ("memory", &resources.memory),
        ("ephemeral-storage", &resources.ephemeral_storage),
        ("pid", &resources.pid),
    ] {
        if quantity
            .as_ref()
            .is_some_and(|quantity| quantity.is_negative())
        {
            faults.add(&["kubernetes", name, resource], "it must not be negative");
        }
    }
}

fn managers(group: &Kubernetes, faults: &mut Faults) {
    // Policy `none` knows no options, and refuses any.
    let options = group
        .cpu_manager_policy_options
        .as_deref()
        .unwrap_or_default();
    if !options.is_empty() && group.cpu_manager_policy != Some(CpuManagerPolicy::Static) {
        faults.add(
            &["kubernetes", "cpu-manager-policy-options"],
            "it goes only with `cpu-manager-policy` set to `static`",
        );
    }
    // Policy `Static` asks for memory that is reserved on some node.
    let mut nodes = group.memory_manager_reserved_memory.iter().flatten();
    if group.memory_manager_policy == Some(MemoryManagerPolicy::Static)
        && !nodes.any(|(_, node)| node.enabled == Some(true) && node.memory.is_some())
    {
        faults.missing(
            &["kubernetes", "memory-manager-reserved-memory"],
            "`memory-manager-policy` is `Static`: at least one node needs `memory`, and `enabled` set to true",
        );
    }
    // The kubelet hands out user ids in blocks of this size.
    if group.ids_per_pod.is_some_and(|ids| ids.get() % 65536 != 0) {
        faults.add(
            &["kubernetes", "ids-per-pod"],
            "it must be a multiple of 65536",
        );
    }
}

fn images(group: &Kubernetes, faults: &mut Faults) {
    let share = |setting: Option<Percentage>, default| setting.map_or(default, Percentage::get);
    let high = share(group.image_gc_high_threshold_percent, DEFAULT_IMAGE_GC_HIGH);
    let low = share(group.image_gc_low_threshold_percent, DEFAULT_IMAGE_GC_LOW);
    if high <= low {
        faults.add(
            &["kubernetes", "image-gc-high-threshold-percent"],
            format!(
                "it must be above `image-gc-low-threshold-percent`, but they are {high} and {low}"
            ),
        );
        faults.hint(format!(
            "unset, they are {DEFAULT_IMAGE_GC_HIGH} and {DEFAULT_IMAGE_GC_LOW}"
        ));
    }
    let most = length(group.image_maximum_gc_age.as_ref());
    let least = group
        .image_minimum_gc_age
        .as_ref()
        .map_or(DEFAULT_IMAGE_MINIMUM_GC_AGE, GoDuration::to_duration);
    if !most.is_zero() && most < least {
        faults.add(
            &["kubernetes", "image-maximum-gc-age"],
            "it must not be shorter than `image-minimum-gc-age`",
        );
        faults.hint("unset, the minimum is `2m`".to_owned());
    }
}

fn times(group: &Kubernetes, faults: &mut Faults) {
    let whole = length(group.shutdown_grace_period.as_ref());
    let critical = length(group.shutdown_grace_period_for_critical_pods.as_ref());
    if critical > whole {
        faults.add(
            &["kubernetes", "shutdown-grace-period-for-critical-pods"],
            "it is a part of `shutdown-grace-period`, so it must not be longer",
        );
    }
    // Systemd's inhibitor counts in seconds.
    for (name, period) in [
        ("shutdown-grace-period", whole),
        ("shutdown-grace-period-for-critical-pods", critical),
    ] {
        if !period.is_zero() && period < Duration::from_secs(1) {
            faults.add(&["kubernetes", name], "it must be `0s`, or `1s` at least");
        }
    }
    if let Some(interval) = &group.container_log_monitor_interval
        && interval.to_duration() < Duration::from_secs(3)
    {
        faults.add(
            &["kubernetes", "container-log-monitor-interval"],
            "it must be `3s` at least",
        );
    }
}

fn length(setting: Option<&GoDuration>) -> Duration {
    setting.map_or(Duration::ZERO, GoDuration::to_duration)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::table;

    /// Trees of `settings.kubernetes` that are fine, and such that are not.
    fn kubernetes(good: &[Value], bad: &[(Value, &str)]) {
        let whole = |group: &Value| json!({"kubernetes": group});
        let good: Vec<Value> = good.iter().map(whole).collect();
        let messages: Vec<String> = bad
            .iter()
            .map(|(_, message)| format!("settings.kubernetes.{message}"))
            .collect();
        let bad: Vec<(Value, &str)> = bad
            .iter()
            .zip(&messages)
            .map(|((group, _), message)| (whole(group), message.as_str()))
            .collect();
        table(&good, &bad);
    }

    #[test]
    fn what_runs_is_complete() {
        kubernetes(
            &[
                json!({"static-pods": {"a": {"enabled": false}, "b": {"enabled": true, "manifest": "YQ=="}}}),
                json!({"credential-providers": {"a": {"enabled": true, "image-patterns": ["*"]}}}),
                json!({"credential-providers": {"a": {"enabled": false}}}),
            ],
            &[
                (
                    json!({"static-pods": {"a": {"enabled": true}}}),
                    "static-pods.a.manifest: it must be set, since the pod is enabled",
                ),
                (
                    json!({"credential-providers": {"a": {"enabled": true, "image-patterns": []}}}),
                    "credential-providers.a.image-patterns: it must be set, since the provider is enabled",
                ),
            ],
        );
    }

    #[test]
    fn soft_eviction_needs_its_grace_period() {
        kubernetes(
            &[
                json!({"eviction-hard": {"memory.available": "5%"}}),
                json!({"eviction-soft-grace-period": {"memory.available": "30s"}}),
                json!({
                    "eviction-soft": {"memory.available": "5%"},
                    "eviction-soft-grace-period": {"memory.available": "30s"},
                }),
            ],
            &[(
                json!({
                    "eviction-soft": {"memory.available": "5%", "pid.available": "10%"},
                    "eviction-soft-grace-period": {"memory.available": "30s"},
                }),
                "eviction-soft-grace-period.\"pid.available\": it must be set, since `eviction-soft` has a threshold for this signal",
            )],
        );
    }

    #[test]
    fn nothing_is_reserved_negatively() {
        kubernetes(
            &[json!({"kube-reserved": {"cpu": "0", "memory": "1Gi"}})],
            &[(
                json!({"system-reserved": {"memory": "-1Gi"}}),
                "system-reserved.memory: it must not be negative",
            )],
        );
    }

    #[test]
    fn managers() {
        let reserved = "memory-manager-reserved-memory: it must be set, since `memory-manager-policy` is `Static`: \
                        at least one node needs `memory`, and `enabled` set to true";
        kubernetes(
            &[
                json!({"cpu-manager-policy-options": []}),
                json!({"cpu-manager-policy": "static", "cpu-manager-policy-options": ["full-pcpus-only"]}),
                json!({"memory-manager-policy": "None"}),
                json!({
                    "memory-manager-policy": "static",
                    "memory-manager-reserved-memory": {"0": {"enabled": true, "memory": "1Gi"}},
                }),
                json!({"ids-per-pod": 131072}),
            ],
            &[
                (
                    json!({"cpu-manager-policy-options": ["full-pcpus-only"]}),
                    "cpu-manager-policy-options: it goes only with `cpu-manager-policy` set to `static`",
                ),
                (json!({"memory-manager-policy": "Static"}), reserved),
                (
                    json!({
                        "memory-manager-policy": "Static",
                        "memory-manager-reserved-memory": {"0": {"enabled": false, "memory": "1Gi"}},
                    }),
                    reserved,
                ),
                (
                    json!({"ids-per-pod": 100_000}),
                    "ids-per-pod: it must be a multiple of 65536",
                ),
            ],
        );
    }

    #[test]
    fn images() {
        let above = "image-gc-high-threshold-percent: it must be above `image-gc-low-threshold-percent`, but they are";
        kubernetes(
            &[
                json!({"image-gc-high-threshold-percent": 81}),
                json!({"image-gc-high-threshold-percent": "50", "image-gc-low-threshold-percent": 49}),
                json!({"image-maximum-gc-age": "0s", "image-minimum-gc-age": "1h"}),
                json!({"image-maximum-gc-age": "24h"}),
            ],
            &[
                (
                    json!({"image-gc-high-threshold-percent": 50, "image-gc-low-threshold-percent": "50"}),
                    &format!("{above} 50 and 50"),
                ),
                (
                    json!({"image-gc-high-threshold-percent": 70}),
                    &format!("{above} 70 and 80"),
                ),
                (
                    json!({"image-gc-low-threshold-percent": 90}),
                    &format!("{above} 85 and 90"),
                ),
                (
                    json!({"image-maximum-gc-age": "1m"}),
                    "image-maximum-gc-age: it must not be shorter than `image-minimum-gc-age`",
                ),
            ],
        );
    }

    #[test]
    fn times() {
        kubernetes(
            &[
                json!({"shutdown-grace-period": "30s", "shutdown-grace-period-for-critical-pods": "30s"}),
                json!({"shutdown-grace-period": "0s", "shutdown-grace-period-for-critical-pods": "0s"}),
                json!({"container-log-monitor-interval": "3s"}),
            ],
            &[
                (
                    json!({"shutdown-grace-period-for-critical-pods": "10s"}),
                    "shutdown-grace-period-for-critical-pods: it is a part of `shutdown-grace-period`, so it must not be longer",
                ),
                (
                    json!({"shutdown-grace-period": "500ms"}),
                    "shutdown-grace-period: it must be `0s`, or `1s` at least",
                ),
                (
                    json!({"container-log-monitor-interval": "2s"}),
                    "container-log-monitor-interval: it must be `3s` at least",
                ),
            ],
        );
    }
}
