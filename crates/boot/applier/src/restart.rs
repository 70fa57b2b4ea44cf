//! Restarting what reads a changed file.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use systemd::{Job, Manager};

use crate::Selection;

/// How long restarts may take, all of them together.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// A way to make services read their files again. Errors are sentences for
/// the report.
pub trait Restart {
    /// Makes the service manager read its units again.
    fn reload_units(&mut self) -> Result<(), String>;

    /// Runs the restart commands of some services, given for each of them:
    /// command lines quoted as in a shell. Returns what became of each service.
    fn run(&mut self, services: &[&[String]]) -> Vec<Result<(), String>>;
}

/// Asks systemd, and runs what is no matter of systemd without a shell.
#[derive(Debug)]
pub struct Systemd {
    socket: PathBuf,
    changed: Option<String>,
}

/// What a restart command is.
#[derive(Debug)]
enum Action {
    Jobs(Vec<Job>),
    Program(Vec<String>),
}

impl Systemd {
    /// `socket` is that of the system's bus. Programs find the selected keys,
    /// separated by blanks, in the variable `CHANGED_SETTINGS`, which is not set
    /// if that is all of them.
    pub fn new(socket: PathBuf, selection: &Selection) -> Self {
        let changed = match selection {
            Selection::All => None,
            Selection::Keys(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| key.with_prefix()).collect();
                Some(keys.join(" "))
            }
        };
        Self { socket, changed }
    }

    fn connect(&self) -> Result<Manager, String> {
        Manager::through(&self.socket).map_err(|e| e.to_string())
    }

    /// What became of each job, asked for together.
    fn jobs(&self, jobs: &[Job]) -> Vec<Result<(), String>> {
        if jobs.is_empty() {
            return Vec::new();
        }
        match self.connect() {
            Ok(mut manager) => {
                let outcomes = manager.run(jobs, LIMIT).into_iter();
                outcomes.map(|o| o.map_err(|e| e.to_string())).collect()
            }
            Err(error) => vec![Err(error); jobs.len()],
        }
    }

    fn program(&self, words: &[String]) -> Result<(), String> {
        let Some((program, arguments)) = words.split_first() else {
            return Err("a restart command is empty".to_owned());
        };
        let mut process = Command::new(program);
        process.args(arguments).env_remove("CHANGED_SETTINGS");
        if let Some(changed) = &self.changed {
            process.env("CHANGED_SETTINGS", changed);
        }
        // Its output is captured: ours is the answer.
        process::output(&mut process)
            .map(drop)
            .map_err(|e| e.to_string())
    }
}

impl Restart for Systemd {
    fn reload_units(&mut self) -> Result<(), String> {
        self.connect()?.reload().map_err(|e| e.to_string())
    }

    /// Jobs of all services are asked for before the first one is waited for:
    /// systemd knows their order better.
    fn run(&mut self, services: &[&[String]]) -> Vec<Result<(), String>> {
        let mut jobs = Vec::new();
        let mut programs = Vec::new();
        let mut outcomes = vec![Ok(()); services.len()];
        let note = |outcome: &mut Result<(), String>, new: Result<(), String>| {
            if outcome.is_ok() {
                *outcome = new;
            }
        };
        for (service, commands) in services.iter().enumerate() {
            for command in commands.iter() {
                match read(command) {
                    Ok(Action::Jobs(found)) => {
                        jobs.extend(found.into_iter().map(|job| (service, job)));
                    }
                    Ok(Action::Program(words)) => programs.push((service, words)),
                    Err(error) => note(&mut outcomes[service], Err(error)),
                }
            }
        }
        let (owners, jobs): (Vec<usize>, Vec<Job>) = jobs.into_iter().unzip();
        for (service, outcome) in owners.into_iter().zip(self.jobs(&jobs)) {
            note(&mut outcomes[service], outcome);
        }
        for (service, words) in programs {
            let outcome = self.program(&words);
            note(&mut outcomes[service], outcome);
        }
        outcomes
    }
}

fn read(command: &str) -> Result<Action, String> {
    let words = shell_words::split(command).map_err(|e| format!("`{command}`: {e}"))?;
    Ok(match Job::of_command(&words) {
        Some(jobs) => Action::Jobs(jobs),
        None => Action::Program(words),
    })
}

#[cfg(test)]
mod tests {
    use fake_systemd::{FakeManager, Outcome};

    use super::*;

    fn run(restarts: &mut Systemd, command: &str) -> Result<(), String> {
        restarts.run(&[&[command.to_owned()]]).remove(0)
    }

    #[test]
    fn programs_run_without_a_shell_and_know_what_changed() {
        let keys = ["motd", "kernel.sysctl.\"a.b\""].map(|key| key.parse().unwrap());
        let mut some = Systemd::new("/none".into(), &Selection::Keys(keys.to_vec()));
        let mut all = Systemd::new("/none".into(), &Selection::All);
        let is = |test: &str| format!("sh -c 'test \"$CHANGED_SETTINGS\" = \"$1\"' sh {test}");
        let expected = r#"'settings.motd settings.kernel.sysctl."a.b"'"#;
        run(&mut some, &is(expected)).unwrap();
        run(&mut all, "sh -c 'test -z \"${CHANGED_SETTINGS+set}\"'").unwrap();
        run(&mut all, "test 'a; b' = \"a; b\"").unwrap();
        run(&mut all, "test \"$HOME\" = '$HOME'").unwrap();

        let cases = [
            ("false", "`false` failed (exit status: 1)"),
            (
                "sh -c 'echo why >&2; exit 3'",
                "failed (exit status: 3): why",
            ),
            (
                "/nonexistent",
                "failed to start `/nonexistent`: No such file",
            ),
            ("a 'b", "`a 'b`: missing closing quote"),
            (" ", "a restart command is empty"),
            (
                "systemctl restart a.service",
                "failed to reach the service manager through /none: I/O error: No such file",
            ),
        ];
        for (command, message) in cases {
            let error = run(&mut all, command).unwrap_err();
            assert!(error.contains(message), "{command}: {error}");
        }
    }

    #[test]
    fn jobs_of_all_services_are_asked_for_and_one_that_fails_stops_no_other() {
        let fake = FakeManager::start(|unit| match unit {
            "bad.service" => Outcome::Ends("failed"),
            _ => Outcome::Ends("done"),
        });
        let mut restarts = Systemd::new(fake.socket(), &Selection::All);
        restarts.reload_units().unwrap();
        let commands = |lines: &[&str]| lines.iter().map(|l| l.to_string()).collect::<Vec<_>>();
        let services = [
            commands(&["systemctl restart a.service b.service"]),
            commands(&["systemctl try-restart bad.service", "false"]),
            commands(&["true", "systemctl try-reload-or-restart c.service"]),
            commands(&[]),
        ];
        let services: Vec<&[String]> = services.iter().map(Vec::as_slice).collect();
        assert_eq!(
            restarts.run(&services),
            [
                Ok(()),
                Err("the job for bad.service ended with `failed`".to_owned()),
                Ok(()),
                Ok(()),
            ]
        );
        assert_eq!(
            fake.asked(),
            [
                "Reload",
                "RestartUnit a.service replace",
                "RestartUnit b.service replace",
                "TryRestartUnit bad.service replace",
                "ReloadOrTryRestartUnit c.service replace",
            ]
        );
    }

    #[test]
    fn the_declared_restart_commands_are_jobs() {
        let declarations = settings_render::Declarations::complete();
        for (name, service) in &declarations.metadata().services {
            for command in &service.restart_commands {
                let read = read(command).unwrap();
                assert!(matches!(read, Action::Jobs(_)), "{name}: {command}");
            }
        }
    }
}
