//! Programs run in the node.

use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use dev_protocol::{Bytes, Run};
use vm::{Channel, Detached};

use crate::ANSWER_TIMEOUT;

/// How long a program in the node may take, in seconds.
pub(crate) const DEFAULT_TIMEOUT_SECONDS: u64 = 600;

/// Exit code of a program that was killed because its time was over, as
/// timeout(1) has it.
const TIMED_OUT: u8 = 124;

/// The development channel of the running node.
pub(crate) fn channel(state: &Path) -> Result<Channel> {
    Detached::find(state)?.channel(ANSWER_TIMEOUT).context(
        "the node runs but does not answer (it may still boot, or another `vm` command may \
         hold the channel; `vm console` shows more)",
    )
}

/// Runs a program with its streams as ours, and returns its exit code.
pub(crate) fn run(
    state: &Path,
    argv: Vec<String>,
    stdin: Option<Bytes>,
    context: Option<String>,
    timeout_seconds: u64,
) -> Result<ExitCode> {
    let done = channel(state)?.run(Run {
        argv,
        context,
        stdin,
        timeout_seconds: Some(timeout_seconds),
    })?;
    print(&done.stdout.0, io::stdout())?;
    print(&done.stderr.0, io::stderr())?;
    if done.truncated {
        eprintln!("the output is longer than the channel carries; this is its beginning");
    }
    if done.timed_out {
        eprintln!("killed after {timeout_seconds} s");
        return Ok(ExitCode::from(TIMED_OUT));
    }
    Ok(ExitCode::from(u8::try_from(done.exit).unwrap_or(u8::MAX)))
}

/// Writes data as it is.
pub(crate) fn print(data: &[u8], mut to: impl Write) -> io::Result<()> {
    match to.write_all(data).and_then(|()| to.flush()) {
        // A reader that has seen enough, such as head(1), is no failure.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Runs apiclient.
pub(crate) fn apiclient(state: &Path, arguments: Vec<String>) -> Result<ExitCode> {
    let input = if wants_input(&arguments) {
        Some(read_input()?)
    } else {
        None
    };
    let argv = [vec!["/usr/bin/apiclient".to_owned()], arguments].concat();
    run(state, argv, input, None, DEFAULT_TIMEOUT_SECONDS)
}

/// Our standard input to its end.
pub(crate) fn read_input() -> Result<Bytes> {
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        eprintln!("reading standard input; Ctrl-D ends it");
    }
    let mut input = Vec::new();
    stdin
        .read_to_end(&mut input)
        .context("failed to read standard input")?;
    Ok(input.into())
}

/// Whether apiclient reads its standard input. It is not passed on otherwise:
/// the input of a script may never end.
fn wants_input(arguments: &[String]) -> bool {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    words.contains(&"-") || words == ["apply"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_read_only_where_apiclient_does() {
        let cases: [(&[&str], bool); 5] = [
            (&["apply"], true),
            (&["apply", "-"], true),
            (&["apply", "file:///x"], false),
            (&["get", "settings"], false),
            (&[], false),
        ];
        for (arguments, expected) in cases {
            let arguments: Vec<String> = arguments.iter().map(|&a| a.to_owned()).collect();
            assert_eq!(wants_input(&arguments), expected, "{arguments:?}");
        }
    }
}
