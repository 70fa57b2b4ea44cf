//! `settings.ntp`: where the time comes from.

use super::group;
use crate::{SingleLineString, Url};

group! {
    /// Time synchronisation.
    Ntp {
        /// Servers to ask, by name, address or URL.
        time_servers: Vec<Url>,
        /// Options of the time client, each applied to every server.
        options: Vec<SingleLineString>,
    }
}
