//! What the API is asked.

use std::collections::BTreeMap;

use apiclient::{Client, Error, Layer, uri};
use serde::Deserialize;
use serde_json::Value;
use settings_model::{Key, key};

use crate::Due;
use crate::generator::Generator;

/// The transaction of all that happens before a node's services start.
const TRANSACTION: &str = "bottlerocket-launch";

/// Why values were not set.
#[derive(Debug)]
pub enum Failed {
    /// They are no values for their settings.
    Refused(String),
    /// The API could not be asked.
    Api(Error),
}

/// A generator as the API writes it.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Written {
    Command(String),
    Table {
        command: String,
        #[serde(default)]
        strength: String,
    },
}

/// Where the value of a setting is from.
#[derive(Debug, Deserialize)]
struct Provenance {
    layer: String,
}

/// Which generators have to run: those of settings without a value, and weak
/// ones whose value is one that was generated.
pub fn due(client: &Client) -> anyhow::Result<Due> {
    let written: BTreeMap<String, Written> = client.get("/metadata/setting-generators")?;
    let present: BTreeMap<String, Provenance> = client.get("/settings?provenance=true")?;
    let mut due = Due::new();
    for (name, written) in written {
        let (command, weak) = match written {
            Written::Command(command) => (command, false),
            Written::Table { command, strength } => (command, strength == "weak"),
        };
        let wanted = match present.get(&name) {
            None => true,
            Some(provenance) => weak && provenance.layer == "generated",
        };
        if wanted {
            let key = Key::parse_prefixed(&name)?;
            due.insert(key, Generator::new(command));
        }
    }
    for (key, template) in templates(client, due.keys())? {
        if let Some(generator) = due.get_mut(&key) {
            generator.template = Some(template);
        }
    }
    Ok(due)
}

/// The templates of those settings that have one.
pub fn templates<'a>(
    client: &Client,
    keys: impl Iterator<Item = &'a Key>,
) -> anyhow::Result<BTreeMap<Key, String>> {
    let keys: Vec<String> = keys.map(Key::to_string).collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let target = uri("/metadata/templates", &[("keys", &keys.join(","))]);
    let templates: BTreeMap<String, String> = client.get(&target)?;
    let parsed = templates
        .into_iter()
        .map(|(name, template)| Ok((Key::parse_prefixed(&name)?, template)));
    Ok(parsed.collect::<Result<_, key::Error>>()?)
}

/// Environment variables that say how generators reach the network.
pub fn proxies(client: &Client) -> Result<Vec<(&'static str, String)>, Error> {
    let settings: Value = client.get("/settings?keys=network.https-proxy,network.no-proxy")?;
    let mut variables = Vec::new();
    if let Some(proxy) = settings["network"]["https-proxy"].as_str() {
        variables.extend(["HTTPS_PROXY", "https_proxy"].map(|name| (name, proxy.to_owned())));
    }
    if let Some(hosts) = settings["network"]["no-proxy"].as_array() {
        let hosts: Vec<&str> = hosts.iter().filter_map(Value::as_str).collect();
        variables.extend(["NO_PROXY", "no_proxy"].map(|name| (name, hosts.join(","))));
    }
    Ok(variables)
}

/// Commits generated values, all of them or none.
pub fn set(client: &Client, values: &Value) -> Result<(), Failed> {
    let committed = client
        // What a boot left that was cut off here; it is generated again.
        .drop_transaction(TRANSACTION)
        .and_then(|()| client.patch_settings(values, TRANSACTION, Layer::Generated))
        .and_then(|()| client.commit(TRANSACTION));
    match committed {
        Ok(_) => Ok(()),
        Err(error) if error.is_refusal() => {
            // It is in the way of nothing but itself.
            if let Err(error) = client.drop_transaction(TRANSACTION) {
                tracing::warn!("transaction {TRANSACTION} was not dropped: {error}");
            }
            Err(Failed::Refused(error.to_string()))
        }
        Err(error) => Err(Failed::Api(error)),
    }
}
