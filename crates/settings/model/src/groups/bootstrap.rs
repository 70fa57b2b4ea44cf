//! `settings.bootstrap-containers` and `settings.bootstrap-commands`: what runs
//! before the node is ready.

use super::group;
use crate::values::choice;
use crate::{ApiclientCommand, Argument, Base64, Url};

choice! {
    /// At which boots something runs.
    BootstrapMode {
        /// At every boot.
        Always = "always",
        /// At the next boot; when it has run, this becomes `off`.
        Once = "once",
        /// At none.
        Off = "off",
    }
}

group! {
    /// A container that prepares the node while it boots. It sees the root of
    /// the host, and the node becomes ready only when it has ended.
    BootstrapContainer {
        /// The image, with its registry and its tag or digest. A container
        /// that is to run needs one.
        source: Url,
        /// At which boots it runs. Unset means `off`.
        mode: BootstrapMode,
        /// Any data for the container, in base64. It finds them decoded in the
        /// file `/.bottlerocket/bootstrap-containers/current/user-data`.
        user_data: Base64,
        /// Whether the boot stops if the container fails. Unset means no.
        essential: bool,
        /// The command to run, with its arguments, in place of the image's own.
        command: Vec<Argument>,
    }
}

group! {
    /// API calls that prepare the node while it boots.
    BootstrapCommand {
        /// Commands, each a list of words whose first is `apiclient`. They run
        /// one after the other until one fails.
        commands: Vec<ApiclientCommand>,
        /// At which boots they run. Unset means `off`.
        mode: BootstrapMode,
        /// Whether the boot stops if a command fails. Unset means no.
        essential: bool,
    }
}
