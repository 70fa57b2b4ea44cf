//! `settings.boot`: what the kernel and systemd are told before anything runs,
//! and what has to work before a new version counts as good.

use std::collections::BTreeMap;

use super::group;
use crate::{
    Argument, BootParameter, BootParameterValue, GoDuration, Identifier, SingleLineString, Url,
};

group! {
    /// Something that has to work, by one of `unit`, `url` and `command`. It is
    /// tried every second, until it does or the time is over.
    HealthCheck {
        /// A systemd unit, by its whole name, that has to be active.
        unit: SingleLineString,
        /// A URL that has to be answered with a status of 2xx:
        /// `http://`, then `127.0.0.1`, `[::1]` or `localhost`.
        url: Url,
        /// A program of the image, by its path, with its arguments, that has to
        /// end with 0. It runs without rights.
        command: Vec<Argument>,
        /// How long it may take from when settings are in force: up to ten
        /// minutes. Unset means `5m`.
        timeout: GoDuration,
    }
}

group! {
    /// Parameters of the next boot, and what makes a boot a good one.
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
        /// What has to work, besides the node's own API and
        /// `configured.target`, before a new version of the OS counts as good;
        /// by names of your choice. If it does not, the node restarts, and
        /// after three such boots runs the version before.
        health_checks: BTreeMap<Identifier, HealthCheck>,
    }
}
