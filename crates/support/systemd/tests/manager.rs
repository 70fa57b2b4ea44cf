//! Conversations with a manager of the test's own.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::os::unix::net::UnixListener;
use std::thread;
use std::time::Duration;

use fake_systemd::{FakeManager, Outcome};
use systemd::{Error, Job, Manager, Verb};

fn job(verb: Verb, unit: &str) -> Job {
    Job {
        verb,
        unit: unit.into(),
    }
}

#[test]
fn jobs_are_asked_for_together_and_each_has_its_result() {
    let fake = FakeManager::start(|unit| match unit {
        "bad.service" => Outcome::Ends("failed"),
        "idle.service" => Outcome::Ends("skipped"),
        "slow.service" => Outcome::Stays,
        "none.service" => Outcome::NoUnit,
        _ => Outcome::Ends("done"),
    });
    let mut manager = Manager::through(&fake.socket()).unwrap();
    manager.reload().unwrap();
    let jobs = [
        job(Verb::Restart, "good.service"),
        job(Verb::TryRestart, "bad.service"),
        job(Verb::Restart, "none.service"),
        job(Verb::Restart, "slow.service"),
        job(Verb::TryReloadOrRestart, "idle.service"),
        job(Verb::Start, "last.service"),
    ];
    let outcomes: Vec<Result<(), String>> = manager
        .run(&jobs, Duration::from_secs(1))
        .into_iter()
        .map(|outcome| outcome.map_err(|e| e.to_string()))
        .collect();
    let failed = |reason: &str| Err(reason.to_owned());
    assert_eq!(
        outcomes,
        [
            Ok(()),
            failed("the job for bad.service ended with `failed`"),
            failed(
                "the service manager refused RestartUnit of none.service: \
                 org.freedesktop.DBus.Error.Failed: Unit none.service not found."
            ),
            failed("the job for slow.service did not end within 1 s"),
            Ok(()),
            Ok(()),
        ]
    );
    assert_eq!(
        fake.asked(),
        [
            "Reload",
            "RestartUnit good.service replace",
            "TryRestartUnit bad.service replace",
            "RestartUnit none.service replace",
            "RestartUnit slow.service replace",
            "ReloadOrTryRestartUnit idle.service replace",
            "StartUnit last.service replace",
        ]
    );
    // Nothing to do takes no time.
    assert!(manager.run(&[], Duration::ZERO).is_empty());
}

#[test]
fn many_jobs_do_not_stand_still() {
    let fake = FakeManager::start(|_| Outcome::Ends("done"));
    let mut manager = Manager::through(&fake.socket()).unwrap();
    let jobs = vec![job(Verb::Restart, "a.service"); 500];
    let outcomes = manager.run(&jobs, Duration::from_secs(60));
    assert!(outcomes.iter().all(Result::is_ok));
}

#[test]
fn where_no_manager_is_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("private");
    let error = Manager::through(&socket).unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(error.to_string().contains("No such file"), "{error}");

    // Somebody who speaks no D-Bus, and hangs up.
    let listener = UnixListener::bind(&socket).unwrap();
    thread::spawn(move || drop(listener.accept()));
    let error = Manager::through(&socket).unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
}
