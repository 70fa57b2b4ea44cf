//! The one way to run another program: its errors say what ran and what it
//! answered.

use std::io;
use std::process::{Command, ExitStatus, Output, Stdio};

/// Why a program did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be started at all.
    #[error("failed to start `{command}`: {source}")]
    Start {
        /// The command line.
        command: String,
        /// What the operating system answered.
        source: io::Error,
    },
    /// It ran and reported failure.
    #[error("`{command}` failed ({status}){}", explain(stderr))]
    Failed {
        /// The command line.
        command: String,
        /// Exit code or signal.
        status: ExitStatus,
        /// What it wrote to its standard error, empty if that was not captured.
        stderr: String,
    },
}

/// Runs a program to its end and returns what it wrote; a failing exit status
/// is an error that carries its standard error. Standard input is empty.
pub fn output(command: &mut Command) -> Result<Output, Error> {
    command.stdin(Stdio::null());
    let output = command.output().map_err(|source| Error::Start {
        command: line(command),
        source,
    })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Failed {
        command: line(command),
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

/// As [`output`], returning standard output as text.
pub fn stdout(command: &mut Command) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&output(command)?.stdout).into_owned())
}

/// Runs a program to its end with its output going where ours goes.
pub fn run(command: &mut Command) -> Result<(), Error> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Error::Start {
            command: line(command),
            source,
        })?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Failed {
        command: line(command),
        status,
        stderr: String::new(),
    })
}

/// The command line as a person would type it.
pub fn line(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|a| a.to_string_lossy().into_owned()));
    words.join(" ")
}

fn explain(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(": {stderr}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_returned_and_failures_are_explained() {
        assert_eq!(stdout(Command::new("echo").arg("hi")).unwrap(), "hi\n");
        let error = output(Command::new("ls").arg("/nonexistent")).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("`ls /nonexistent` failed (exit status: 2): "),
            "{text}"
        );
        let error = output(&mut Command::new("/nonexistent")).unwrap_err();
        assert!(matches!(error, Error::Start { .. }));
    }
}
