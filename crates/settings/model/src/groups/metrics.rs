//! `settings.metrics`: what the node reports about its health.

use super::group;
use crate::{SingleLineString, Url};

group! {
    /// What the node reports about its health, without saying who it is.
    Metrics {
        /// Where reports are sent.
        metrics_url: Url,
        /// Whether they are sent, at each boot and every six hours. Unset means
        /// no.
        send_metrics: bool,
        /// The services whose state is reported, by the names of their systemd
        /// units.
        service_checks: Vec<SingleLineString>,
    }
}
