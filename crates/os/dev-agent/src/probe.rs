//! Trying an access from another SELinux domain.
//!
//! The agent starts itself there. The access travels as an argument and the
//! answer as an exit code, because a confined domain may not be allowed to use
//! the agent's pipes.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use dev_protocol::{Check, Probe, Verdict};

use crate::{check, context, errno};

/// Exit code of a probe whose access could not be understood: no errno of
/// Linux is that high.
const NO_CHECK: u8 = 250;

const TIMEOUT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

/// Runs a probe in its context; the error is a sentence.
pub(crate) fn parent(probe: &Probe) -> Result<Verdict, String> {
    let own = std::env::current_exe().map_err(|e| format!("failed to find this program: {e}"))?;
    let check = serde_json::to_string(&probe.check).map_err(|e| e.to_string())?;
    let mut command = Command::new(own);
    command.args(["probe", &check]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child =
        context::spawn(&mut command, probe.context.as_deref()).map_err(|e| e.to_string())?;
    let deadline = Instant::now() + TIMEOUT;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL),
            outcome => {
                // Reaping can only fail if it was reaped already.
                let _ = child.kill().and_then(|()| child.wait());
                return Err(match outcome {
                    Err(e) => format!("lost track of the probe: {e}"),
                    Ok(_) => format!("the probe hung for {} s", TIMEOUT.as_secs()),
                });
            }
        }
    };
    match status.code() {
        Some(0) => Ok(Verdict::Ok),
        Some(code) if code != i32::from(NO_CHECK) => Ok(Verdict::Errno(errno::name(code))),
        _ => Err(format!("the probe did not run: {status}")),
    }
}

/// Tries the access described by a JSON document and exits with the answer.
pub fn child(check: &str) -> ExitCode {
    let Ok(check) = serde_json::from_str::<Check>(check) else {
        eprintln!("not a check: {check}");
        return ExitCode::from(NO_CHECK);
    };
    match check::attempt(&check) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => ExitCode::from(errno::code(&e)),
    }
}
