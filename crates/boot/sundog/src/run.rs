//! Running generators.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use serde_json::Value;
use settings_model::{Key, json};

use crate::generator::Generator;

/// How long a generator may take: some ask services that may be starting too.
const LIMIT: Duration = Duration::from_secs(300);

/// Bytes that one may print.
const MAX_OUTPUT: usize = 64 * 1024;

/// The exit code of one that has nothing to set.
const NOTHING: i32 = 2;

/// Why a generator gave no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its command line cannot be taken apart.
    #[error("`{command}` is no command line{}", explain(reason))]
    CommandLine {
        /// The command line.
        command: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It could not be started or waited for.
    #[error("`{command}` could not be run: {source}")]
    Run {
        /// The command line.
        command: String,
        /// What the operating system answered.
        source: io::Error,
    },
    /// It failed.
    #[error("`{command}` failed ({status})")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// It took too long, and was killed.
    #[error("`{command}` took more than {} s", limit.as_secs())]
    Time {
        /// The command line.
        command: String,
        /// How long it could take.
        limit: Duration,
    },
    /// It printed too much.
    #[error("`{command}` printed more than {MAX_OUTPUT} bytes")]
    Output {
        /// The command line.
        command: String,
    },
    /// What it printed is no value.
    #[error("`{command}` printed no value: {source}")]
    Value {
        /// The command line.
        command: String,
        /// What is wrong with it.
        source: json::Error,
    },
}

/// The value that a generator found, if there is one.
pub type Outcome = Result<Option<Value>, Error>;

/// Runs generators beside each other.
pub fn all(
    generators: &[(&Key, &Generator)],
    variables: &[(&'static str, String)],
) -> Vec<(Key, Outcome)> {
    thread::scope(|scope| {
        let running: Vec<_> = generators
            .iter()
            .map(|(key, generator)| {
                let run = || one(&generator.command, variables, LIMIT);
                ((*key).clone(), scope.spawn(run))
            })
            .collect();
        let finished = running.into_iter().map(|(key, thread)| {
            let outcome = thread.join();
            (
                key,
                outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            )
        });
        finished.collect()
    })
}

fn one(command: &str, variables: &[(&'static str, String)], limit: Duration) -> Outcome {
    let named = || command.to_owned();
    let bad = |reason: String| Error::CommandLine {
        command: named(),
        reason,
    };
    let words = shell_words::split(command).map_err(|e| bad(e.to_string()))?;
    let (program, arguments) = words.split_first().ok_or_else(|| bad(String::new()))?;
    let broken = |source| Error::Run {
        command: named(),
        source,
    };
    let child = Command::new(program)
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, to be killed as one.
        .process_group(0)
        .spawn()
        .map_err(broken)?;
    let Some((status, output)) = wait(child, limit).map_err(broken)? else {
        return Err(Error::Time {
            command: named(),
            limit,
        });
    };
    match status.code() {
        Some(0) if output.len() > MAX_OUTPUT => Err(Error::Output { command: named() }),
        Some(0) => match json::parse(&output) {
            Ok(value) => Ok(Some(value)),
            Err(source) => Err(Error::Value {
                command: named(),
                source,
            }),
        },
        Some(NOTHING) => Ok(None),
        _ => Err(Error::Failed {
            command: named(),
            status,
        }),
    }
}

/// Waits for the end of a program and of its output, which it cuts. Kills one
/// that is not through in time.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<(ExitStatus, Vec<u8>)>> {
    let deadline = Instant::now() + limit;
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            let mut output = Vec::new();
            let read = stdout.take(MAX_OUTPUT as u64 + 1).read_to_end(&mut output);
            // Nobody waits any more if it took too long.
            let _ = sender.send(read.map(|_| output));
        });
    }
    // Who closes its output may still run.
    if let Ok(output) = receiver.recv_timeout(limit)
        && ends(&child, deadline)?
    {
        let status = child.wait()?;
        return Ok(Some((status, output?)));
    }
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(group) = group {
        kill_process_group(group, Signal::KILL)?;
    }
    child.wait()?;
    Ok(None)
}

/// Whether a program ends before a moment.
fn ends(child: &Child, deadline: Instant) -> io::Result<bool> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("a process without a number"))?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut events = [PollFd::new(&process, PollFlags::IN)];
        match poll(&mut events, Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result? > 0),
        }
    }
}

fn explain(reason: &str) -> String {
    match reason {
        "" => String::new(),
        _ => format!(": {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(command: &str) -> Result<Option<Value>, String> {
        let variables = [("HTTPS_PROXY", "p:1".to_owned())];
        one(command, &variables, Duration::from_secs(60)).map_err(|e| e.to_string())
    }

    #[test]
    fn values_are_read_and_failures_explained() {
        for (command, expected) in [
            ("echo 5", Ok(Some(json!(5)))),
            ("echo '\"a b\"'", Ok(Some(json!("a b")))),
            ("echo '{\"a\": [1]}'", Ok(Some(json!({"a": [1]})))),
            (
                "sh -c 'echo \"\\\"$HTTPS_PROXY\\\"\"'",
                Ok(Some(json!("p:1"))),
            ),
            ("sh -c 'echo 5; exit 2'", Ok(None)),
            ("false", Err("`false` failed (exit status: 1)")),
            (
                "sh -c 'kill -9 $$'",
                Err("`sh -c 'kill -9 $$'` failed (signal: 9 (SIGKILL))"),
            ),
            (
                "/nonexistent",
                Err("`/nonexistent` could not be run: No such file or directory (os error 2)"),
            ),
            ("", Err("`` is no command line")),
            (
                "a 'b",
                Err("`a 'b` is no command line: missing closing quote"),
            ),
            (
                "true",
                Err(
                    "`true` printed no value: invalid JSON: EOF while parsing a value at line 1 column 0",
                ),
            ),
            (
                "echo a",
                Err("`echo a` printed no value: invalid JSON: expected value at line 1 column 1"),
            ),
            (
                "printf '\\377'",
                Err(
                    "`printf '\\377'` printed no value: invalid JSON: expected value at line 1 column 1",
                ),
            ),
            (
                "head -c 65537 /dev/zero",
                Err("`head -c 65537 /dev/zero` printed more than 65536 bytes"),
            ),
        ] {
            assert_eq!(run(command), expected.map_err(str::to_owned), "{command}");
        }
    }

    #[test]
    fn what_takes_too_long_is_killed_with_all_that_it_started() {
        for command in [
            "sleep 1000",
            "sh -c 'sleep 1000 & sleep 1000'",
            "sh -c 'exec >&-; sleep 1000'",
            "sh -c 'sleep 1000 & echo 1'",
        ] {
            let start = Instant::now();
            let outcome = one(command, &[], Duration::from_millis(300));
            assert!(
                matches!(outcome, Err(Error::Time { .. })),
                "{command}: {outcome:?}"
            );
            assert!(start.elapsed() < Duration::from_secs(100), "{command}");
        }
    }

    #[test]
    fn what_prints_without_end_is_stopped() {
        // Its pipe is closed, which ends it.
        let outcome = one("yes", &[], Duration::from_secs(60));
        assert!(matches!(outcome, Err(Error::Failed { .. })), "{outcome:?}");
    }
}
