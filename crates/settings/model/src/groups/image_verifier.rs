//! `settings.image-verifier-plugins`: which images may be pulled.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::group;
use crate::{Base64Json, Identifier};

/// Programs that containerd asks before it pulls an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(extend("x-name" = "plugin"), transform = name_plugins_freely)]
pub struct ImageVerifierPlugins {
    /// Whether the programs are asked. Unset means no: every image may be
    /// pulled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The programs by name, such as `notation`.
    #[serde(flatten)]
    pub plugins: BTreeMap<Identifier, ImageVerifierPlugin>,
}

/// The pattern of names matches `enabled` too, which is no plugin.
fn name_plugins_freely(schema: &mut Schema) {
    if let Some(Value::Object(patterns)) = schema.remove("patternProperties")
        && let Some(plugin) = patterns.into_values().next()
    {
        schema.insert("additionalProperties".to_owned(), plugin);
    }
}

group! {
    /// A program that verifies images.
    ImageVerifierPlugin {
        /// Whom to trust for which images: a trust policy in JSON (Notary
        /// Project), in base64.
        trustpolicy: Base64Json,
    }
}
