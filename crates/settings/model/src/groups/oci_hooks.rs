//! `settings.oci-hooks`: programs that run when a container starts.

use super::group;

group! {
    /// Programs that run when a container starts.
    OciHooks {
        /// Was the switch of a hot patch for Log4j. It is accepted, and does
        /// nothing.
        log4j_hotpatch_enabled: bool,
    }
}
