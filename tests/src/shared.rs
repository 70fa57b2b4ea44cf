//! One node for all tests of a program that leave it as it is.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;

use anyhow::{Result, anyhow};
use dev_protocol::{Check, Verdict};
use vm::{Channel, Node};

use crate::denials::{Denial, denials};
use crate::image::Image;
use crate::machine::{BOOT, disk, machine, through_firmware};

/// A node that has booted, and what was seen when it had.
#[derive(Debug)]
pub struct Subject {
    /// The image it runs.
    pub image: Image,
    /// The machine.
    pub node: Node,
    /// systemd's state after the boot.
    pub state: String,
    /// What SELinux had denied by then.
    pub denials: BTreeSet<Denial>,
}

/// Size of the disk of the shared node in GiB.
const DISK_GIB: u64 = 5;

impl Subject {
    fn boot() -> Result<Subject> {
        let image = Image::find()?;
        let mut options = machine(&image, "shared", through_firmware())?;
        options.disk = disk(&image, DISK_GIB);
        // One that fails to boot ends, for its first failure to be seen.
        options.reboot = false;
        let node = Node::start(&options)?;
        let state = node.wait_ready(BOOT)?;
        Ok(Subject {
            denials: denials(node.channel())?,
            image,
            node,
            state,
        })
    }

    /// The node's development channel.
    pub fn channel(&self) -> &Channel {
        self.node.channel()
    }

    /// How the kernel answers an access from a context (the agent's own if
    /// `None`).
    pub fn probe(&self, context: Option<&str>, check: &Check) -> Result<Verdict> {
        Ok(self.channel().probe(check.clone(), context)?)
    }
}

/// Runs a test on the shared node, which the first test boots. If the test
/// fails, shows what the console says.
pub fn on_node(test: impl FnOnce(&Subject) -> Result<()>) -> Result<()> {
    static SUBJECT: OnceLock<Result<Subject, String>> = OnceLock::new();
    let subject = SUBJECT
        .get_or_init(|| Subject::boot().map_err(|e| format!("{e:?}")))
        .as_ref()
        .map_err(|e| anyhow!("the shared node did not boot: {e}"))?;
    let outcome = catch_unwind(AssertUnwindSafe(|| test(subject)));
    if !matches!(outcome, Ok(Ok(()))) {
        eprintln!("{}", subject.node.console().tail());
    }
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}
