//! What can go wrong with a virtual machine.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// The last lines of a console, shown below a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail(pub(crate) Vec<String>);

/// How many lines of the console an error shows.
pub(crate) const TAIL_LINES: usize = 40;

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return write!(f, "the console is empty");
        }
        write!(f, "last lines of the console:")?;
        self.0.iter().try_for_each(|line| write!(f, "\n  | {line}"))
    }
}

/// Why an operation on a virtual machine failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such entry in the table of architectures.
    #[error("unknown architecture `{0}`\nhint: x86_64 and aarch64 are known")]
    Architecture(String),
    /// The options contradict each other or what is on disk.
    #[error("{0}")]
    Options(String),
    /// The firmware files are missing.
    #[error("no UEFI firmware at {}\nhint: build an image first, or install the package ovmf (qemu-efi-aarch64)", .0.display())]
    Firmware(PathBuf),
    /// QEMU or `qemu-img` cannot be found.
    #[error(transparent)]
    Tools(#[from] tools::Error),
    /// A file of the state folder.
    #[error(transparent)]
    File(#[from] files::Error),
    /// `qemu-img` or a start of QEMU in the background.
    #[error(transparent)]
    Process(#[from] process::Error),
    /// QEMU could not be started.
    #[error("failed to start QEMU: {0}")]
    Start(#[source] io::Error),
    /// QEMU ended before it was of use.
    #[error("QEMU ended at once: {0}")]
    Refused(String),
    /// One of QEMU's sockets.
    #[error("the {socket} socket of QEMU: {source}")]
    Socket {
        /// `console`, `monitor` or `channel`.
        socket: &'static str,
        /// What the operating system answered.
        source: io::Error,
    },
    /// QEMU's monitor answered something else than asked for.
    #[error("QEMU's monitor refuses `{command}`: {answer}")]
    Monitor {
        /// The command.
        command: String,
        /// The answer.
        answer: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {} s; {console}", .within.as_secs())]
    Timeout {
        /// What was waited for, as a noun.
        what: String,
        /// How long.
        within: Duration,
        /// What the console says.
        console: Tail,
    },
    /// The virtual machine ended while something was expected of it.
    #[error("the virtual machine ended before {what}; {console}")]
    Ended {
        /// What was waited for, as a noun.
        what: String,
        /// What the console says.
        console: Tail,
    },
    /// The kernel gave up.
    #[error("the kernel panicked before {what}; {console}")]
    Panicked {
        /// What was waited for, as a noun.
        what: String,
        /// What the console says.
        console: Tail,
    },
    /// The agent did not answer.
    #[error("no answer from the node's development agent to {request} within {} s", .within.as_secs())]
    NoAnswer {
        /// The request, in short.
        request: String,
        /// How long.
        within: Duration,
    },
    /// The agent started anew while a request was under way.
    #[error("the node restarted before it answered {0}")]
    Restarted(String),
    /// The agent could not do what was asked.
    #[error("the node's development agent could not {request}: {error}")]
    Agent {
        /// The request, in short.
        request: String,
        /// The agent's sentence.
        error: String,
    },
    /// A program in the node reported failure where success is needed.
    #[error("`{command}` exited with {exit} in the node: {stderr}")]
    Failed {
        /// The command line.
        command: String,
        /// Its exit code.
        exit: i32,
        /// What it wrote to its standard error.
        stderr: String,
    },
    /// What a program in the node printed is not understood.
    #[error("unexpected output of `{command}` in the node: {output}")]
    Output {
        /// The command line.
        command: String,
        /// What it printed.
        output: String,
    },
    /// No virtual machine of that state folder runs.
    #[error("no node is running\nhint: ./scripts/quickstart")]
    NotRunning,
    /// One runs already.
    #[error("a node is running already (process {0})\nhint: ./scripts/vm stop")]
    Running(u32),
    /// A pattern to wait for is no regular expression.
    #[error("bad pattern: {0}")]
    Pattern(#[from] regex_lite::Error),
}

/// The result of an operation on a virtual machine.
pub type Result<T> = std::result::Result<T, Error>;
