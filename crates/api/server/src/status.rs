//! Whether the node is as it should be, and why not.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{self, Failure};
use crate::audit::audit;
use crate::request::Request;
use crate::state::State;

/// Problems that are remembered.
const MAX_PROBLEMS: usize = 32;

/// Bytes in the name of who reports a problem.
const MAX_SOURCE: usize = 64;

/// Bytes in a reported problem.
const MAX_MESSAGE: usize = 4096;

/// The subject of a failure of the applier as a whole.
const APPLIER: &str = "the settings applier";

/// How far the boot is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// The API is up.
    #[default]
    Starting,
    /// Settings are in force.
    Preconfigured,
    /// The node is set up for its workload.
    Configured,
    /// Services run.
    MultiUser,
}

/// The body of `POST /status/stage`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reached {
    stage: Stage,
}

/// What is known, for this boot.
#[derive(Debug, Default)]
pub(crate) struct Status {
    /// What the boot said last.
    stage: Stage,
    /// What programs of the boot have reported, in that order.
    problems: Vec<Problem>,
    /// What could not be applied when it was last tried, and why.
    failing: BTreeMap<String, String>,
    /// What the applier did last.
    last_apply: Option<Value>,
}

/// The body of `POST /status/problem`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Problem {
    source: String,
    message: String,
}

impl Status {
    /// Takes note of what came of an application. Files and services that it
    /// was not about keep the condition they had.
    pub fn applied(&mut self, time: String, keys: Value, outcome: Result<Value, String>) {
        let outcome = outcome.unwrap_or_else(|e| json!({ "error": e }));
        self.note(APPLIER.to_owned(), &outcome["error"]);
        for (member, what, name) in [("files", "file", "path"), ("services", "service", "name")] {
            for result in outcome[member].as_array().into_iter().flatten() {
                if let Some(name) = result[name].as_str() {
                    self.note(format!("{what} {name}"), &result["error"]);
                }
            }
        }
        let mut last = outcome;
        last["time"] = time.into();
        last["keys"] = keys;
        self.last_apply = Some(last);
    }

    fn note(&mut self, subject: String, error: &Value) {
        match error {
            Value::Null => self.failing.remove(&subject),
            Value::String(text) => self.failing.insert(subject, text.clone()),
            other => self.failing.insert(subject, other.to_string()),
        };
    }

    fn report(&mut self, problem: Problem) -> Result<(), Failure> {
        if self.problems.contains(&problem) {
            return Ok(());
        }
        if self.problems.len() == MAX_PROBLEMS {
            return Err(Failure::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("{MAX_PROBLEMS} problems have been reported already"),
            ));
        }
        self.problems.push(problem);
        Ok(())
    }

    fn reasons(&self) -> Vec<String> {
        let reported = self
            .problems
            .iter()
            .map(|p| format!("{}: {}", p.source, p.message));
        let failing = self
            .failing
            .iter()
            .map(|(subject, error)| format!("failed to apply settings: {subject}: {error}"));
        reported.chain(failing).collect()
    }
}

/// `GET /status`
pub(crate) fn get(state: &State) -> answer::Result {
    let live = state.live();
    let status = state.status();
    let mut reasons = live.warnings().to_vec();
    reasons.extend(status.reasons());
    answer::json(&json!({
        "degraded": !reasons.is_empty(),
        "reasons": reasons,
        "generation": live.generation(),
        "last-apply": status.last_apply,
        "stage": status.stage,
        "variant": state.os.variant_id,
        "version": state.os.version_id,
    }))
}

/// `POST /status/stage`
pub(crate) fn reach(state: &State, request: &Request) -> answer::Result {
    request.require_root("reporting a stage")?;
    let reached =
        Reached::deserialize(request.json()?).map_err(|e| Failure::bad_request(e.to_string()))?;
    state.status().stage = reached.stage;
    answer::done()
}

/// `POST /status/problem`
pub(crate) fn report(state: &State, request: &Request) -> answer::Result {
    request.require_root("reporting a problem")?;
    let problem =
        Problem::deserialize(request.json()?).map_err(|e| Failure::bad_request(e.to_string()))?;
    for (what, text, limit) in [
        ("source", &problem.source, MAX_SOURCE),
        ("message", &problem.message, MAX_MESSAGE),
    ] {
        if text.trim().is_empty() || text.len() > limit || text.contains('\0') {
            return Err(Failure::bad_request(format!(
                "`{what}` must be text of 1 to {limit} bytes"
            )));
        }
    }
    tracing::error!(
        "{} reports: {}",
        problem.source.escape_debug(),
        problem.message.escape_debug()
    );
    state.status().report(problem)?;
    audit(request, "problem reported", None, None, &[]);
    answer::done()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, error: Value) -> Result<Value, String> {
        Ok(json!({"files": [], "services": [{"name": name, "restarted": true, "error": error}]}))
    }

    #[test]
    fn what_fails_to_apply_counts_until_it_succeeds() {
        let mut status = Status::default();
        let steps: [(Result<Value, String>, &[&str]); 7] = [
            (service("ntp", json!(null)), &[]),
            (service("ntp", json!("exit 1")), &["service ntp: exit 1"]),
            (service("motd", json!(null)), &["service ntp: exit 1"]),
            (
                Err("it died".to_owned()),
                &["service ntp: exit 1", "the settings applier: it died"],
            ),
            (
                service("ntp", json!({"odd": 1})),
                &["service ntp: {\"odd\":1}"],
            ),
            (
                Ok(
                    json!({"files": [{"path": "/etc/motd", "error": "full"}, 5], "services": "odd"}),
                ),
                &["file /etc/motd: full", "service ntp: {\"odd\":1}"],
            ),
            (
                Ok(json!({"files": [{"path": "/etc/motd"}], "services": [{"name": "ntp"}]})),
                &[],
            ),
        ];
        for (outcome, expected) in steps {
            status.applied("now".to_owned(), Value::Null, outcome);
            let expected: Vec<String> = expected
                .iter()
                .map(|e| format!("failed to apply settings: {e}"))
                .collect();
            assert_eq!(status.reasons(), expected);
        }
    }
}
