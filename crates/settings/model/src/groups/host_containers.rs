//! `settings.host-containers`: containers for the people who look after a node.

use super::group;
use crate::{Argument, Base64, Url};

group! {
    /// A container beside the orchestrator's, for managing the node.
    HostContainer {
        /// The image, with its registry and its tag or digest. A container
        /// that is to run needs one.
        source: Url,
        /// Whether it runs. Unset means no.
        enabled: bool,
        /// Whether it has the rights of the host's root: its processes, devices
        /// and file systems. Unset means no.
        superpowered: bool,
        /// Any data for the container, in base64. It finds them decoded in the
        /// file `/.bottlerocket/host-containers/current/user-data`.
        user_data: Base64,
        /// The command to run, with its arguments, in place of the image's own.
        command: Vec<Argument>,
    }
}
