//! What can be asked of a unit.

/// Something to be done with a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What is to be done.
    pub verb: Verb,
    /// The name of the unit, with its suffix.
    pub unit: String,
}

/// What can be done with a unit: the verbs of systemctl(1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Starts it.
    Start,
    /// Stops it.
    Stop,
    /// Has it read its configuration again.
    Reload,
    /// Stops and starts it.
    Restart,
    /// The same, if it runs.
    TryRestart,
    /// Has it read its configuration again, or restarts it if it cannot.
    ReloadOrRestart,
    /// The same, if it runs.
    TryReloadOrRestart,
}

/// The verbs by name, with the methods of the manager.
const VERBS: &[(&str, Verb, &str)] = &[
    ("start", Verb::Start, "StartUnit"),
    ("stop", Verb::Stop, "StopUnit"),
    ("reload", Verb::Reload, "ReloadUnit"),
    ("restart", Verb::Restart, "RestartUnit"),
    ("try-restart", Verb::TryRestart, "TryRestartUnit"),
    (
        "reload-or-restart",
        Verb::ReloadOrRestart,
        "ReloadOrRestartUnit",
    ),
    (
        "try-reload-or-restart",
        Verb::TryReloadOrRestart,
        "ReloadOrTryRestartUnit",
    ),
];

impl Verb {
    fn named(name: &str) -> Option<Verb> {
        VERBS
            .iter()
            .find_map(|(known, verb, _)| (*known == name).then_some(*verb))
    }

    /// The method of the manager.
    pub(crate) fn method(self) -> &'static str {
        VERBS
            .iter()
            .find_map(|(_, verb, method)| (*verb == self).then_some(*method))
            .unwrap_or_default()
    }
}

impl Job {
    /// The jobs that a command line of systemctl(1) asks for; `None` if it is
    /// none, or has options or a verb that is not known here.
    pub fn of_command(words: &[impl AsRef<str>]) -> Option<Vec<Job>> {
        let mut words = words.iter().map(AsRef::as_ref);
        if !matches!(words.next()?, "systemctl" | "/usr/bin/systemctl") {
            return None;
        }
        let verb = Verb::named(words.next()?)?;
        let units: Vec<&str> = words.collect();
        // What has no suffix is a service only to systemctl.
        let plain = |unit: &&str| !unit.starts_with('-') && unit.contains('.');
        if units.is_empty() || !units.iter().all(plain) {
            return None;
        }
        let job = |unit: &str| Job {
            verb,
            unit: unit.to_owned(),
        };
        Some(units.into_iter().map(job).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_of_systemctl_are_jobs() {
        let job = |verb, unit: &str| Job {
            verb,
            unit: unit.to_owned(),
        };
        for (line, expected) in [
            (
                "systemctl restart a.service",
                Some(vec![job(Verb::Restart, "a.service")]),
            ),
            (
                "/usr/bin/systemctl try-restart a.service b@c.service",
                Some(vec![
                    job(Verb::TryRestart, "a.service"),
                    job(Verb::TryRestart, "b@c.service"),
                ]),
            ),
            (
                "systemctl try-reload-or-restart a.service",
                Some(vec![job(Verb::TryReloadOrRestart, "a.service")]),
            ),
            ("systemctl restart", None),
            ("systemctl restart a", None),
            ("systemctl --no-block restart a.service", None),
            ("systemctl restart --no-block a.service", None),
            ("systemctl enable a.service", None),
            ("other restart a.service", None),
            ("", None),
        ] {
            let words: Vec<&str> = line.split_whitespace().collect();
            assert_eq!(Job::of_command(&words), expected, "{line}");
        }
    }
}
