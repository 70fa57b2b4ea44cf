//! Registries of container images, for containerd and Docker.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error};

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("containerd_registries", containerd_registries);
    environment.add_filter("docker_credentials", docker_credentials);
}

/// `settings.container-registry` as the table `registry` of containerd's CRI
/// plugin: mirrors by registry, and who to be there.
fn containerd_registries(settings: Value) -> Result<Value, Error> {
    let mut mirrors = BTreeMap::new();
    let written = settings.get_attr("mirrors")?;
    match written.kind() {
        ValueKind::Undefined => {}
        ValueKind::Map => {
            for registry in written.try_iter()? {
                mirrors.insert(
                    registry.to_string(),
                    endpoints(written.get_item(&registry)?),
                );
            }
        }
        _ => {
            for mirror in written.try_iter()? {
                let registry = mirror.get_attr("registry")?.to_string();
                mirrors.insert(registry, endpoints(mirror.get_attr("endpoint")?));
            }
        }
    }
    let mut configs = BTreeMap::new();
    let credentials = settings.get_attr("credentials")?;
    if !credentials.is_undefined() {
        for credential in credentials.try_iter()? {
            let registry = credential.get_attr("registry")?.to_string();
            let names = ["username", "password", "auth", "identitytoken"];
            let auth = names
                .map(|name| Ok((name, credential.get_attr(name)?)))
                .into_iter()
                .collect::<Result<BTreeMap<_, _>, Error>>()?;
            configs.insert(
                registry,
                Value::from(BTreeMap::from([("auth", Value::from(auth))])),
            );
        }
    }
    Ok(Value::from(BTreeMap::from([
        ("mirrors", Value::from(mirrors)),
        ("configs", Value::from(configs)),
    ])))
}

/// `settings.container-registry.credentials` as Docker keeps them (`auths` of its
/// configuration): by registry, name and password as one.
fn docker_credentials(credentials: Value) -> Result<Value, Error> {
    let mut by_registry = BTreeMap::new();
    for credential in credentials.try_iter()? {
        let text = |name: &str| -> Result<Option<String>, Error> {
            let value = credential.get_attr(name)?;
            Ok(value.as_str().map(str::to_owned))
        };
        let auth = match (text("auth")?, text("username")?, text("password")?) {
            (Some(auth), _, _) => auth,
            (None, Some(name), Some(password)) => STANDARD.encode(format!("{name}:{password}")),
            // A token of an identity is nothing that could be handed over so.
            _ => continue,
        };
        let registry = credential.get_attr("registry")?.to_string();
        by_registry.insert(registry, Value::from(BTreeMap::from([("auth", auth)])));
    }
    Ok(Value::from(by_registry))
}

fn endpoints(list: Value) -> Value {
    Value::from(BTreeMap::from([("endpoint", list)]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn mirrors_and_credentials_are_by_registry() {
        let mirrors = json!([{"registry": "*", "endpoint": ["https://m.example"]}]);
        let credentials = json!([{"registry": "r.example", "username": "u", "password": "p"}]);
        let settings = json!({
            "list": {"mirrors": mirrors, "credentials": credentials},
            "map": {"mirrors": {"docker.io": ["https://m.example"]}},
            "empty": {},
        });
        table(
            &settings,
            &[
                (
                    "settings.list | containerd_registries | json_line",
                    Ok(
                        r#"{"configs":{"r.example":{"auth":{"password":"p","username":"u"}}},"mirrors":{"*":{"endpoint":["https://m.example"]}}}"#,
                    ),
                ),
                (
                    "settings.map | containerd_registries | json_line",
                    Ok(r#"{"mirrors":{"docker.io":{"endpoint":["https://m.example"]}}}"#),
                ),
                (
                    "settings.list.credentials | docker_credentials | json_line",
                    Ok(r#"{"r.example":{"auth":"dTpw"}}"#),
                ),
                (
                    "settings.empty | containerd_registries | json_line",
                    Ok("{}"),
                ),
            ],
        );
    }
}
