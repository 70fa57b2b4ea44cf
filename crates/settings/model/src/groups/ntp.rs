//! `settings.ntp`: where the time comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SingleLineString, Url};

/// Time synchronisation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Ntp {
    /// Servers to ask, by name, address or URL.
    pub time_servers: Option<Vec<Url>>,
    /// Options of the time client, each applied to every server.
    pub options: Option<Vec<SingleLineString>>,
}
