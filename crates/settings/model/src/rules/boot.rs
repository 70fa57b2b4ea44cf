//! Rules for `settings.boot`.

use std::time::Duration;

use super::Faults;
use crate::Settings;
use crate::groups::HealthCheck;

/// A system that is not good by then is given up.
const MAX_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Beginnings of addresses that lead to the node itself.
const LOOPBACK: [&str; 3] = ["http://127.0.0.1", "http://[::1]", "http://localhost"];

/// A check that can only fail would take each new version away.
pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    let boot = settings.boot.as_ref();
    let checks = boot.and_then(|boot| boot.health_checks.as_ref());
    for (name, check) in checks.into_iter().flatten() {
        let key = ["boot", "health-checks", name.as_ref()];
        let add = |faults: &mut Faults, member: &str, reason: &str| {
            faults.add(&[&key[..], &[member]].concat(), reason);
        };
        let ways = [
            check.unit.is_some(),
            check.url.is_some(),
            check.command.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            faults.add(&key, "one of `unit`, `url` and `command` must be set");
        }
        if check
            .url
            .as_ref()
            .is_some_and(|url| !is_local(url.as_ref()))
        {
            add(
                faults,
                "url",
                "it must begin with `http://`, then 127.0.0.1, [::1] or localhost",
            );
        }
        if check.command.is_some() && !runs_a_program(check) {
            add(faults, "command", "its first word must begin with `/usr/`");
        }
        if check
            .timeout
            .as_ref()
            .is_some_and(|t| t.to_duration() > MAX_TIMEOUT)
        {
            add(faults, "timeout", "it must be at most 10m");
        }
    }
}

fn is_local(url: &str) -> bool {
    LOOPBACK
        .iter()
        .filter_map(|begin| url.strip_prefix(begin))
        .any(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}

fn runs_a_program(check: &HealthCheck) -> bool {
    let program = check.command.as_ref().and_then(|words| words.first());
    program.is_some_and(|program| program.as_ref().starts_with("/usr/"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn a_check_can_succeed() {
        let checks = |check: serde_json::Value| json!({"boot": {"health-checks": {"a": check}}});
        let one = "settings.boot.health-checks.a: one of `unit`, `url` and `command` must be set";
        let local = "settings.boot.health-checks.a.url: \
                     it must begin with `http://`, then 127.0.0.1, [::1] or localhost";
        let program = "settings.boot.health-checks.a.command: \
                       its first word must begin with `/usr/`";
        table(
            &[
                checks(json!({"unit": "kubelet.service"})),
                checks(json!({"url": "http://127.0.0.1:10248/healthz", "timeout": "90s"})),
                checks(json!({"url": "http://[::1]/"})),
                checks(json!({"url": "http://localhost"})),
                checks(json!({"command": ["/usr/bin/apiclient", "status"], "timeout": "10m"})),
            ],
            &[
                (checks(json!({})), one),
                (
                    checks(json!({"unit": "a.service", "url": "http://localhost"})),
                    one,
                ),
                (checks(json!({"url": "https://localhost"})), local),
                (
                    checks(json!({"url": "http://localhost.example.com/"})),
                    local,
                ),
                (checks(json!({"url": "http://10.0.0.1/"})), local),
                (checks(json!({"command": []})), program),
                (checks(json!({"command": ["apiclient"]})), program),
                (
                    checks(json!({"unit": "a.service", "timeout": "601s"})),
                    "settings.boot.health-checks.a.timeout: it must be at most 10m",
                ),
            ],
        );
    }
}
