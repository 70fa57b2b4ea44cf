//! Starting a program in a SELinux context of the request's choosing.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::process::{Child, Command};

/// The kernel's file for the context of the next `exec`; it belongs to the
/// thread, and the process forked from it inherits the setting.
const EXEC_ATTRIBUTE: &str = "/proc/thread-self/attr/exec";

/// Why a program did not start.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The kernel did not take the context.
    #[error("the kernel refuses the SELinux context `{context}`: {source}")]
    Refused {
        /// The context asked for.
        context: String,
        /// What the kernel answered: EINVAL for a context that its policy does
        /// not know (or no SELinux at all), EACCES if it may not be asked for.
        source: io::Error,
    },
    /// The program could not be started, in that context or at all.
    #[error("failed to start {program}{}: {source}", .context.as_ref().map(|c| format!(" in `{c}`")).unwrap_or_default())]
    Start {
        /// The program.
        program: String,
        /// The context asked for.
        context: Option<String>,
        /// What the kernel answered.
        source: io::Error,
    },
}

/// Starts a command in a context; in the one that the policy chooses if none
/// is given.
pub(crate) fn spawn(command: &mut Command, context: Option<&str>) -> Result<Child, ContextError> {
    if let Some(context) = context {
        set(context).map_err(|source| ContextError::Refused {
            context: context.to_owned(),
            source,
        })?;
    }
    let started = command.spawn().map_err(|source| ContextError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        context: context.map(str::to_owned),
        source,
    });
    if context.is_some() {
        // A line feed alone takes the setting back. If that fails, nothing is
        // lost: this thread serves one request and ends.
        let _ = set("\n");
    }
    started
}

fn set(context: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .open(EXEC_ATTRIBUTE)?
        .write_all(context.as_bytes())
}
