//! `settings.container-registry`: where images come from.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::group;
use crate::values::choice;
use crate::{Base64, SingleLineString, Url};

group! {
    /// Where the container runtimes pull images from, and as whom.
    ContainerRegistry {
        /// Mirrors of registries: a list of entries with `registry` (such as
        /// `docker.io`, or `*` for all others), `endpoint` (a list of URLs,
        /// tried in turn before the registry itself) and perhaps
        /// `capabilities`; or a map from each registry to its list of URLs.
        /// Unset, images come from their registries.
        mirrors: Mirrors,
        /// Credentials for registries: a list of entries with `registry` and
        /// `username`, `password`, `auth` (base64 of `username:password`) or
        /// `identitytoken`, as in Docker's `config.json`. Nothing renews them.
        /// May also be written `creds`. Unset, images are pulled anonymously.
        #[serde(alias = "creds")]
        #[schemars(extend("x-alias" = "creds"))]
        credentials: Vec<RegistryCredential>,
        /// Images that host containers and bootstrap containers run only if they
        /// are signed, as cosign signs with a key: a list of entries with `images`
        /// (a registry or the beginning of a name, such as `registry.example/team`;
        /// `*` for all) and `public-key`. Of several that are about an image, one
        /// is enough. Unset, images may be unsigned.
        signatures: Vec<ImageSignatures>,
    }
}

/// Whose signature images have to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "signatures of images")]
pub struct ImageSignatures {
    /// What the names of those images begin with: a registry, or parts of a name
    /// after it; `*` stands for all.
    pub images: SingleLineString,
    /// The key that signs them (ECDSA P-256): base64 of a PEM file.
    pub public_key: Base64,
}

choice! {
    /// What a mirror is good for.
    MirrorCapability {
        /// Fetching by digest.
        Pull = "pull",
        /// Finding the digest of a tag.
        Resolve = "resolve",
        /// Storing images.
        Push = "push",
    }
}

/// Where the images of a registry are also to be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "registry mirror")]
pub struct RegistryMirror {
    /// The registry, such as `docker.io`; `*` is every registry that has no
    /// entry of its own.
    pub registry: SingleLineString,
    /// URLs of the mirrors, in the order in which they are tried.
    pub endpoint: Vec<Url>,
    /// What the mirrors are good for. Unset means `pull` and `resolve`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<MirrorCapability>>,
}

/// Who the node is to a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(title = "registry credential")]
pub struct RegistryCredential {
    /// The registry, such as `docker.io`.
    pub registry: SingleLineString,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<SingleLineString>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<SingleLineString>,
    /// `username:password` in base64, in place of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Base64>,
    /// A token that stands for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identitytoken: Option<SingleLineString>,
}

/// Mirrors of registries, read from a list or from a map of endpoints by
/// registry, and written as a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Mirrors(Vec<RegistryMirror>);

impl Mirrors {
    /// The mirrors.
    pub fn as_slice(&self) -> &[RegistryMirror] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Mirrors {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(ListOrMap)
    }
}

struct ListOrMap;

impl<'de> Visitor<'de> for ListOrMap {
    type Value = Mirrors;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of mirrors, or a map of endpoints by registry")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, entries: A) -> Result<Mirrors, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(entries)).map(Mirrors)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Mirrors, A::Error> {
        let mut mirrors = Vec::new();
        while let Some((name, endpoint)) = entries.next_entry::<String, Vec<Url>>()? {
            mirrors.push(RegistryMirror {
                registry: name.try_into().map_err(de::Error::custom)?,
                endpoint,
                capabilities: None,
            });
        }
        Ok(Mirrors(mirrors))
    }
}

impl JsonSchema for Mirrors {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mirrors".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mirror = generator.subschema_for::<RegistryMirror>();
        let endpoints = generator.subschema_for::<Vec<Url>>();
        json_schema!({
            "anyOf": [
                {"type": "array", "items": mirror},
                {"type": "object", "additionalProperties": endpoints},
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::values::tests::forms;

    #[test]
    fn mirrors_are_stored_as_a_list() {
        let list = json!([
            {"registry": "a.b", "endpoint": ["https://m"]},
            {"registry": "*", "endpoint": []},
        ]);
        let full = json!([{"registry": "a", "endpoint": ["m"], "capabilities": ["pull"]}]);
        forms::<Mirrors>(
            &[
                (json!([]), json!([])),
                (list.clone(), list),
                (full.clone(), full),
                (
                    json!({"a.b": ["https://m"]}),
                    json!([{"registry": "a.b", "endpoint": ["https://m"]}]),
                ),
            ],
            &[
                (
                    json!("a"),
                    "invalid type: string \"a\", expected a list of mirrors, or a map of endpoints by registry",
                ),
                (json!([{"registry": "a"}]), "missing field `endpoint`"),
                (
                    json!({"a": "b"}),
                    "invalid type: string \"b\", expected a sequence",
                ),
                (
                    json!({"a\nb": []}),
                    "invalid line of text `a\\nb`: it must be a single line without control characters",
                ),
            ],
        );
    }
}
