//! `settings.boot`: what the kernel and systemd are told before anything runs.

use std::collections::BTreeMap;

use super::group;
use crate::{BootParameter, BootParameterValue};

group! {
    /// Parameters of the next boot.
    Boot {
        /// Whether the node restarts by itself, while it boots, if the
        /// parameters it was booted with are not the ones that are set. Unset
        /// means no: they take effect at the next restart.
        reboot_to_reconcile: bool,
        /// Parameters for the kernel by name, each with a list of values; an
        /// empty list is a parameter without a value. They are added to those
        /// of the image. May also be written `kernel`. Unset adds none.
        #[serde(alias = "kernel")]
        #[schemars(extend("x-name" = "parameter", "x-alias" = "kernel"))]
        kernel_parameters: BTreeMap<BootParameter, Vec<BootParameterValue>>,
        /// Parameters for the first process (systemd) by name, each with a list
        /// of values. May also be written `init`. Unset adds none.
        #[serde(alias = "init")]
        #[schemars(extend("x-name" = "parameter", "x-alias" = "init"))]
        init_parameters: BTreeMap<BootParameter, Vec<BootParameterValue>>,
    }
}
