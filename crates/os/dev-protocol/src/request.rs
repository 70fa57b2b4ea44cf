//! What the host asks.

use serde::{Deserialize, Serialize};

use crate::Bytes;

/// A request: `{"id":1,"run":{"argv":["/usr/bin/apiclient","get"]}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Repeated in the answer.
    pub id: u64,
    /// What to do.
    #[serde(flatten)]
    pub operation: Operation,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Run a program to its end.
    Run(Run),
    /// Try one access and tell how the kernel answers.
    Probe(Probe),
    /// Return the contents of a file, as far as the agent may read it.
    ReadFile(ReadFile),
    /// Return the names in a folder.
    List(List),
    /// Tell the size of the file system at a path.
    FileSystem(FileSystem),
    /// Tell that the agent is there, and in which boot.
    Ping(Ping),
}

/// A program to run. Its environment is the agent's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    /// Path of the program, and its arguments.
    pub argv: Vec<String>,
    /// SELinux context to run it in; the agent's own rules decide if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Standard input, empty if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Bytes>,
    /// Seconds after which it is killed; [`crate::DEFAULT_TIMEOUT_SECONDS`] if
    /// absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
}

/// One access to try, from a SELinux context if that is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Probe {
    /// The access.
    #[serde(flatten)]
    pub check: Check,
    /// SELinux context to try it from; the agent's own if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

/// An access that a node refuses to some or all domains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Check {
    /// Open a file or folder for reading, and read its first byte or entry.
    OpenRead {
        /// The file.
        path: String,
    },
    /// Open a file or device for writing, without writing.
    OpenWrite {
        /// The file.
        path: String,
    },
    /// Open a file of the kernel for writing, and write to it.
    Write {
        /// The file.
        path: String,
        /// What to write.
        text: String,
    },
    /// Create a file that is not there yet.
    Create {
        /// The file.
        path: String,
    },
    /// Remove a file.
    Unlink {
        /// The file.
        path: String,
    },
    /// Change the SELinux label of a file.
    SetLabel {
        /// The file.
        path: String,
        /// The whole label.
        label: String,
    },
    /// Mount the file system at a path again, writable.
    RemountRw {
        /// The mount point.
        path: String,
    },
    /// Connect to a Unix stream socket.
    Connect {
        /// The socket.
        path: String,
    },
    /// Write the enforcing state of SELinux.
    Setenforce {
        /// The state to set.
        enforcing: bool,
    },
    /// Load a kernel module.
    LoadModule {
        /// The module's file.
        path: String,
    },
    /// Attach to a process as a debugger does, and let it go again.
    Ptrace {
        /// The process.
        pid: i32,
    },
    /// Make a block device node.
    MknodBlock {
        /// The node.
        path: String,
        /// Major device number.
        major: u32,
        /// Minor device number.
        minor: u32,
    },
    /// Start a program; it is killed at once.
    Exec {
        /// The program.
        path: String,
    },
}

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReadFile {
    /// The file.
    pub path: String,
}

/// A folder to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct List {
    /// The folder.
    pub path: String,
}

/// A path on the file system asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileSystem {
    /// Any file or folder on it.
    pub path: String,
}

/// Nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}
