//! Restarting what reads a changed file.

use std::process::Command;

use crate::Selection;

/// A way to make services read their files again. Errors are sentences for
/// the report.
pub trait Restart {
    /// Runs one restart command, a command line quoted as in a shell.
    fn run(&mut self, command: &str) -> Result<(), String>;

    /// Makes the service manager read its units again.
    fn reload_units(&mut self) -> Result<(), String>;
}

/// Runs the commands themselves, without a shell.
#[derive(Debug)]
pub struct Systemd {
    changed: Option<String>,
}

impl Systemd {
    /// The commands find the selected keys, separated by blanks, in the
    /// variable `CHANGED_SETTINGS`, which is not set if that is all of them.
    pub fn new(selection: &Selection) -> Self {
        let changed = match selection {
            Selection::All => None,
            Selection::Keys(keys) => {
                let keys: Vec<_> = keys.iter().map(|key| key.with_prefix()).collect();
                Some(keys.join(" "))
            }
        };
        Self { changed }
    }
}

impl Restart for Systemd {
    fn run(&mut self, command: &str) -> Result<(), String> {
        let words = shell_words::split(command).map_err(|e| format!("`{command}`: {e}"))?;
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

    fn reload_units(&mut self) -> Result<(), String> {
        self.run("systemctl daemon-reload")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_run_without_a_shell_and_know_what_changed() {
        let keys = ["motd", "kernel.sysctl.\"a.b\""].map(|key| key.parse().unwrap());
        let mut some = Systemd::new(&Selection::Keys(keys.to_vec()));
        let mut all = Systemd::new(&Selection::All);
        let is = |test: &str| format!("sh -c 'test \"$CHANGED_SETTINGS\" = \"$1\"' sh {test}");
        some.run(&is(r#"'settings.motd settings.kernel.sysctl."a.b"'"#))
            .unwrap();
        all.run("sh -c 'test -z \"${CHANGED_SETTINGS+set}\"'")
            .unwrap();
        all.run("test 'a; b' = \"a; b\"").unwrap();
        all.run("test \"$HOME\" = '$HOME'").unwrap();

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
        ];
        for (command, message) in cases {
            let error = all.run(command).unwrap_err();
            assert!(error.contains(message), "{command}: {error}");
        }
    }

    #[test]
    fn the_declared_restart_commands_can_be_split() {
        use settings_render::Declarations;
        for (name, service) in &Declarations::complete().metadata().services {
            for command in &service.restart_commands {
                let words = shell_words::split(command).unwrap();
                assert!(words.len() > 1, "{name}: {command}");
            }
        }
    }
}
