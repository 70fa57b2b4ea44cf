//! What containers may do, in the words of the OCI runtime specification, and of Docker.

use std::collections::BTreeMap;

use minijinja::value::Value;
use minijinja::{Environment, Error};

use super::refuse;

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("oci_capabilities", oci_capabilities);
    environment.add_filter("oci_rlimits", oci_rlimits);
    environment.add_filter("docker_ulimits", docker_ulimits);
}

/// The capabilities that are set to true: `sys-admin` is `CAP_SYS_ADMIN`.
fn oci_capabilities(capabilities: Value) -> Result<Value, Error> {
    let mut names = Vec::new();
    for name in capabilities.try_iter()? {
        if capabilities.get_item(&name)?.is_true() {
            let upper = name.to_string().to_ascii_uppercase().replace('-', "_");
            names.push(format!("CAP_{upper}"));
        }
    }
    Ok(names.into())
}

/// The name of each resource as setrlimit(2) has it.
const RESOURCES: &[(&str, &str)] = &[
    ("max-address-space", "RLIMIT_AS"),
    ("max-core-file-size", "RLIMIT_CORE"),
    ("max-cpu-time", "RLIMIT_CPU"),
    ("max-data-size", "RLIMIT_DATA"),
    ("max-file-locks", "RLIMIT_LOCKS"),
    ("max-file-size", "RLIMIT_FSIZE"),
    ("max-locked-memory", "RLIMIT_MEMLOCK"),
    ("max-msgqueue-size", "RLIMIT_MSGQUEUE"),
    ("max-nice-priority", "RLIMIT_NICE"),
    ("max-open-files", "RLIMIT_NOFILE"),
    ("max-pending-signals", "RLIMIT_SIGPENDING"),
    ("max-processes", "RLIMIT_NPROC"),
    ("max-realtime-priority", "RLIMIT_RTPRIO"),
    ("max-realtime-timeout", "RLIMIT_RTTIME"),
    ("max-resident-set", "RLIMIT_RSS"),
    ("max-stack-size", "RLIMIT_STACK"),
];

/// The limits, each with its name; -1 and `unlimited` are the largest number.
fn oci_rlimits(limits: Value) -> Result<Value, Error> {
    let mut list = Vec::new();
    for name in limits.try_iter()? {
        let limit = limits.get_item(&name)?;
        list.push(Value::from(BTreeMap::from([
            ("type", Value::from(resource(&name)?)),
            ("hard", number(&limit.get_attr("hard-limit")?)?),
            ("soft", number(&limit.get_attr("soft-limit")?)?),
        ])));
    }
    Ok(list.into())
}

/// The limits by their names in Docker, where -1 is no limit.
fn docker_ulimits(limits: Value) -> Result<Value, Error> {
    let mut by_name = BTreeMap::new();
    for name in limits.try_iter()? {
        let resource = resource(&name)?.trim_start_matches("RLIMIT_");
        let resource = resource.to_ascii_lowercase();
        let limit = limits.get_item(&name)?;
        let number = |limit: Value| -> Result<Value, Error> {
            let number = number(&limit)?;
            let unlimited = number.as_i64().is_none();
            Ok(if unlimited { Value::from(-1) } else { number })
        };
        let entry = BTreeMap::from([
            ("Name", Value::from(resource.clone())),
            ("Hard", number(limit.get_attr("hard-limit")?)?),
            ("Soft", number(limit.get_attr("soft-limit")?)?),
        ]);
        by_name.insert(resource, Value::from(entry));
    }
    Ok(Value::from(by_name))
}

fn resource(name: &Value) -> Result<&'static str, Error> {
    let known = RESOURCES
        .iter()
        .find(|(known, _)| name.as_str() == Some(known));
    known.map_or_else(
        || refuse("there is no such resource"),
        |(_, resource)| Ok(*resource),
    )
}

fn number(limit: &Value) -> Result<Value, Error> {
    match (limit.as_str(), limit.as_i64()) {
        (Some("unlimited"), _) | (None, Some(-1)) => Ok(u64::MAX.into()),
        (None, Some(0..)) => Ok(limit.clone()),
        _ => refuse("a limit is neither a number nor `unlimited`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn names_are_those_of_the_specification() {
        let settings = json!({
            "capabilities": {"sys-admin": false, "net-bind-service": true, "chown": true},
            "limits": {
                "max-open-files": {"hard-limit": 1048576, "soft-limit": 65536},
                "max-core-file-size": {"hard-limit": -1, "soft-limit": "unlimited"},
            },
            "odd": {"max-open-files": {"hard-limit": "many", "soft-limit": 1}},
            "unknown": {"max-fun": {"hard-limit": 1, "soft-limit": 1}},
        });
        table(
            &settings,
            &[
                (
                    "settings.capabilities | oci_capabilities | join(' ')",
                    Ok("CAP_CHOWN CAP_NET_BIND_SERVICE"),
                ),
                (
                    "settings.limits | oci_rlimits | map('join_map', ' ', '=') | join(', ')",
                    Ok(
                        "hard=18446744073709551615 soft=18446744073709551615 type=RLIMIT_CORE, \
                        hard=1048576 soft=65536 type=RLIMIT_NOFILE",
                    ),
                ),
                (
                    "settings.limits | docker_ulimits | json_line",
                    Ok(
                        r#"{"core":{"Hard":-1,"Name":"core","Soft":-1},"nofile":{"Hard":1048576,"Name":"nofile","Soft":65536}}"#,
                    ),
                ),
                (
                    "settings.odd | oci_rlimits",
                    Err("invalid operation: a limit is neither a number nor `unlimited`"),
                ),
                (
                    "settings.unknown | oci_rlimits",
                    Err("invalid operation: there is no such resource"),
                ),
            ],
        );
    }
}
