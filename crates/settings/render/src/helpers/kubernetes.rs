//! What kubelet is told.

use std::collections::BTreeMap;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error};

use super::refuse;

pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("node_taints", node_taints);
    environment.add_filter("each_true", each_true);
    environment.add_filter("whole", whole);
    environment.add_filter("reserved_memory", reserved_memory);
    environment.add_filter("credential_providers", credential_providers);
    environment.add_filter("kube_reserve_cpu", kube_reserve_cpu);
    environment.add_filter("kube_reserve_memory", kube_reserve_memory);
}

/// `settings.kubernetes.node-taints` as the list that a kubelet's
/// configuration holds: a key may have several values, each with an effect.
fn node_taints(taints: Value) -> Result<Value, Error> {
    let mut list = Vec::new();
    for key in taints.try_iter()? {
        let written = taints.get_item(&key)?;
        let values: Vec<Value> = match written.kind() {
            ValueKind::String => vec![written],
            _ => written.try_iter()?.collect(),
        };
        for value in values {
            let Some((value, effect)) = value.as_str().and_then(|text| text.rsplit_once(':'))
            else {
                return refuse("a taint is not VALUE:EFFECT");
            };
            list.push(Value::from(BTreeMap::from([
                ("key", key.clone()),
                ("value", Value::from(value)),
                ("effect", Value::from(effect)),
            ])));
        }
    }
    Ok(list.into())
}

/// Names of options that are on, as a map.
fn each_true(names: Value) -> Result<Value, Error> {
    let on = names.try_iter()?.map(|name| (name, Value::from("true")));
    Ok(Value::from(on.collect::<BTreeMap<_, _>>()))
}

/// A whole number that may be written as text.
fn whole(number: Value) -> Result<Value, Error> {
    match number.as_str().map(str::parse::<i64>) {
        None => Ok(number),
        Some(Ok(number)) => Ok(number.into()),
        Some(Err(_)) => refuse("the value is not a whole number"),
    }
}

/// `memory-manager-reserved-memory` as a list of nodes with limits.
fn reserved_memory(nodes: Value) -> Result<Value, Error> {
    let mut list = Vec::new();
    for number in nodes.try_iter()? {
        let node = nodes.get_item(&number)?;
        if !node.get_attr("enabled")?.is_true() {
            continue;
        }
        let limits = ["memory", "hugepages-1Gi", "hugepages-2Mi"]
            .map(|name| Ok((name, node.get_attr(name)?)))
            .into_iter()
            .collect::<Result<BTreeMap<_, _>, Error>>()?;
        list.push(Value::from(BTreeMap::from([
            ("numaNode", whole(number)?),
            ("limits", Value::from(limits)),
        ])));
    }
    Ok(list.into())
}

/// `credential-providers`, those that are enabled, as a list.
fn credential_providers(providers: Value) -> Result<Value, Error> {
    let mut list = Vec::new();
    for name in providers.try_iter()? {
        let provider = providers.get_item(&name)?;
        if !provider.get_attr("enabled")?.is_true() {
            continue;
        }
        let mut variables = Vec::new();
        let environment = provider.get_attr("environment")?;
        if !environment.is_undefined() {
            for variable in environment.try_iter()? {
                let value = environment.get_item(&variable)?;
                let variable = BTreeMap::from([("name", variable), ("value", value)]);
                variables.push(Value::from(variable));
            }
        }
        let variables = match variables.is_empty() {
            true => Value::UNDEFINED,
            false => Value::from(variables),
        };
        let cache = match provider.get_attr("cache-duration")? {
            value if value.is_undefined() => Value::from("12h"),
            value => value,
        };
        list.push(Value::from(BTreeMap::from([
            ("name", name),
            ("matchImages", provider.get_attr("image-patterns")?),
            ("defaultCacheDuration", cache),
            (
                "apiVersion",
                Value::from("credentialprovider.kubelet.k8s.io/v1"),
            ),
            ("env", variables),
        ])));
    }
    Ok(list.into())
}

/// What is kept of the processors for Kubernetes, in thousandths of one: 6 % of
/// the first, 1 % of the second, 0.5 % of the next two, 0.25 % of the others.
fn kube_reserve_cpu(processors: u32) -> String {
    // In hundredths of a thousandth, to stay with whole numbers.
    let share = |index| match index {
        0 => 6000,
        1 => 1000,
        2 | 3 => 500,
        _ => 250,
    };
    let sum: u64 = (0..processors).map(share).sum();
    format!("{}m", sum / 100)
}

/// What is kept of the memory for Kubernetes: 255 Mi, and 11 Mi for each pod.
fn kube_reserve_memory(max_pods: u32) -> String {
    format!("{}Mi", u64::from(max_pods) * 11 + 255)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn kubelet_is_told() {
        let settings = json!({
            "taints": {"a": ["b:NoSchedule", ":NoExecute"], "c": "d:PreferNoSchedule"},
            "bad": {"a": "b"},
            "memory": {"0": {"enabled": true, "memory": "1Gi"}, "1": {"enabled": false}},
            "providers": {
                "on": {"enabled": true, "image-patterns": ["*.example"], "environment": {"A": "b"}},
                "off": {"enabled": false, "image-patterns": ["*"]},
            },
        });
        table(
            &settings,
            &[
                (
                    "settings.taints | node_taints | map('join_map', ',', '=') | join(' ')",
                    Ok(
                        "effect=NoSchedule,key=a,value=b effect=NoExecute,key=a,value= \
                        effect=PreferNoSchedule,key=c,value=d",
                    ),
                ),
                (
                    "settings.bad | node_taints",
                    Err("invalid operation: a taint is not VALUE:EFFECT"),
                ),
                (
                    "['a', 'b'] | each_true | join_map(',', '=')",
                    Ok("a=true,b=true"),
                ),
                ("'85' | whole + 1", Ok("86")),
                ("85 | whole + 1", Ok("86")),
                ("none | whole is none", Ok("True")),
                (
                    "'a' | whole",
                    Err("invalid operation: the value is not a whole number"),
                ),
                (
                    "settings.memory | reserved_memory | json_line",
                    Ok(r#"[{"limits":{"memory":"1Gi"},"numaNode":0}]"#),
                ),
                (
                    "settings.providers | credential_providers | json_line",
                    Ok(
                        r#"[{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","defaultCacheDuration":"12h","env":[{"name":"A","value":"b"}],"matchImages":["*.example"],"name":"on"}]"#,
                    ),
                ),
                ("1 | kube_reserve_cpu", Ok("60m")),
                ("2 | kube_reserve_cpu", Ok("70m")),
                ("4 | kube_reserve_cpu", Ok("80m")),
                ("48 | kube_reserve_cpu", Ok("190m")),
                ("0 | kube_reserve_memory", Ok("255Mi")),
                ("110 | kube_reserve_memory", Ok("1465Mi")),
            ],
        );
    }
}
