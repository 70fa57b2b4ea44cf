//! `settings.network`: who the node is on its network, and how it gets out.

use super::group;
use crate::{Hostname, IpAddress, SingleLineString, Url};

group! {
    /// The node's identity on the network, and its way out.
    Network {
        /// The node's own name. Unset, the one that DHCP or the platform gave it.
        hostname: Hostname,
        /// Lines of `/etc/hosts`: a list of pairs of an IP address and a list
        /// of names, such as `["10.0.0.1", ["a.example.com"]]`. Pairs of one
        /// address become one line. They are not seen in the orchestrator's
        /// containers. Unset adds none to those of the system.
        hosts: Vec<(IpAddress, Vec<Hostname>)>,
        /// The proxy through which the node's services reach HTTP and HTTPS
        /// servers, with its port if it is not the scheme's own. Unset, they
        /// reach them directly.
        https_proxy: Url,
        /// Hosts, domains and networks that are reached without the proxy.
        /// `localhost` and the orchestrator's own addresses are always among
        /// them.
        no_proxy: Vec<SingleLineString>,
    }
}
