//! `settings.cloudformation`: the stack that the node belongs to.

use super::group;
use crate::SingleLineString;

group! {
    /// What the node reports to AWS CloudFormation.
    Cloudformation {
        /// Whether the node signals to its stack, after the boot, if it came up
        /// well. Unset means no.
        should_signal: bool,
        /// The name of the stack.
        stack_name: SingleLineString,
        /// The logical id, in the stack's template, of the resource that waits
        /// for the signal, such as an Auto Scaling group.
        logical_resource_id: SingleLineString,
    }
}
