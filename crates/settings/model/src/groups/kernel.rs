//! `settings.kernel`: what the running kernel is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{SingleLineString, SysctlKey};

/// Kernel parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Kernel {
    /// sysctl parameters by name. Values are always strings, numbers too.
    pub sysctl: Option<BTreeMap<SysctlKey, SingleLineString>>,
}
