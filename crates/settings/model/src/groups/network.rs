//! `settings.network`: who the node is on its network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Hostname;

/// The node's identity on the network.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Network {
    /// The node's own name.
    pub hostname: Option<Hostname>,
}
