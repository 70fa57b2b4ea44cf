//! `settings.aws`: how the node's programs reach AWS.

use super::group;
use crate::{Base64, SingleLineString};

group! {
    /// How the node's own programs reach AWS.
    Aws {
        /// The region of the node. Unset, it is asked from the instance
        /// metadata service at the first boot.
        region: SingleLineString,
        /// The content of `~/.aws/config` of the node's programs, in base64.
        /// Unset, the file says no more than which kind of endpoints to use.
        config: Base64,
        /// The content of `~/.aws/credentials`, in base64. Nothing renews these
        /// credentials. Unset, programs use the role of the instance.
        credentials: Base64,
        /// Which profile of `config` and `credentials` programs use. Unset,
        /// they use `default`.
        profile: SingleLineString,
    }
}
