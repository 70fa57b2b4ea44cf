//! `settings.dns`: how the node looks up names.

use super::group;
use crate::{Hostname, IpAddress};

group! {
    /// How the node looks up names.
    Dns {
        /// IP addresses of the name servers to ask. Unset, those that DHCP
        /// announced.
        name_servers: Vec<IpAddress>,
        /// Domains in which short names are looked up. Unset, those that DHCP
        /// announced.
        search_list: Vec<Hostname>,
    }
}
