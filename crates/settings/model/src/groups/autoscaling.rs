//! `settings.autoscaling`: the node in its Auto Scaling group.

use super::group;

group! {
    /// How the node waits for its Auto Scaling group.
    Autoscaling {
        /// Whether the node joins its cluster only when its instance is in the
        /// state `InService`. For instances in an Auto Scaling group with a warm
        /// pool only: others wait in vain. Unset means no.
        should_wait: bool,
    }
}
