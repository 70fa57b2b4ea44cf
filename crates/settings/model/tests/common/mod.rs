//! Values for every key, made from the schema.

use proptest::prelude::*;
use regex_lite::Regex;
use serde_json::{Map, Value};

/// Two texts that each type takes, by its title.
const SAMPLES: &[(&str, [&str; 2])] = &[
    ("argument", ["", "two\nlines"]),
    ("base64 JSON document", ["e30=", "W10="]),
    ("base64 data", ["", "aGk="]),
    ("boot parameter", ["quiet", "a.b_c"]),
    ("boot parameter value", ["", "ttyS0,115200n8"]),
    (
        "bootstrap token",
        ["abcdef.0123456789abcdef", "000000.0000000000000000"],
    ),
    (
        "certificate bundle",
        [
            "",
            "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BQT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=",
        ],
    ),
    ("cluster name", ["a", "my-cluster_1"]),
    ("domain", ["cluster.local", "a."]),
    ("duration", ["0", "1h30m"]),
    ("ECS attribute name", ["a", "com.example/b"]),
    ("ECS attribute value", ["a", "b c"]),
    ("eviction threshold", ["10%", "100Mi"]),
    ("GPU model", ["a100.40gb", "h100.80gb"]),
    ("hostname", ["a", "node-1.example.com"]),
    ("huge page size", ["2Mi", "1Gi"]),
    ("identifier", ["a", "B-2_c"]),
    ("IP address", ["192.0.2.1", "2001:0db8::1"]),
    ("label key", ["a", "example.com/b"]),
    ("label value", ["", "c"]),
    ("line of text", ["", "größer\t1"]),
    ("MIG profile", ["1", "2g.10gb"]),
    ("module name", ["sctp", "xt_XT"]),
    ("motd", ["", "two\nlines"]),
    ("NUMA node", ["0", "17"]),
    ("number of huge pages", ["512", "0:1,1:2"]),
    ("quantity", ["1.5Gi", "100m"]),
    ("set of processors", ["0", "0,3-5"]),
    ("sysctl name", ["vm.max_map_count", "net/ipv4/ip_forward"]),
    ("taint", [":NoExecute", "true:NoSchedule"]),
    ("URL", ["https://example.com/a", "pool.ntp.org"]),
    ("version", ["latest", "v1.2.3"]),
];

fn texts(title: &str) -> [&'static str; 2] {
    let found = SAMPLES.iter().find(|(name, _)| *name == title);
    found
        .unwrap_or_else(|| panic!("no sample for the type `{title}`"))
        .1
}

/// Names that a pattern lets a user choose.
fn names(pattern: &str) -> Vec<String> {
    let pattern = Regex::new(pattern).expect("a pattern");
    let names: Vec<String> = SAMPLES
        .iter()
        .flat_map(|(_, texts)| *texts)
        .filter(|name| !name.is_empty() && pattern.is_match(name))
        .take(2)
        .map(str::to_owned)
        .collect();
    assert!(!names.is_empty(), "no sample for {pattern}");
    names
}

pub fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => root.pointer(&target[1..]).expect("a definition"),
        None => schema,
    }
}

/// Values that a schema takes. Each member of a group is there with the given
/// probability.
pub fn values(root: &Value, schema: &Value, presence: f64) -> BoxedStrategy<Value> {
    let schema = resolve(root, schema);
    if let Some(word) = schema.get("const") {
        return Just(word.clone()).boxed();
    }
    if let Some(title) = schema["title"]
        .as_str()
        .filter(|_| schema["type"] == "string")
    {
        return prop::sample::select(texts(title).to_vec())
            .prop_map(Value::from)
            .boxed();
    }
    if let Some(forms) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let forms = forms.iter().map(|form| values(root, form, presence));
        return prop::strategy::Union::new(forms).boxed();
    }
    match schema["type"].as_str().expect("a type") {
        "boolean" => any::<bool>().prop_map(Value::from).boxed(),
        "integer" => {
            let bound = |word: &str, or: i64| schema[word].as_i64().unwrap_or(or);
            let (least, most) = (bound("minimum", i64::MIN), bound("maximum", i64::MAX));
            prop_oneof![Just(least), Just(most), least..=most]
                .prop_map(Value::from)
                .boxed()
        }
        // The other form of what is mostly a number.
        "string" => Just(Value::from("85")).boxed(),
        "array" => match schema["prefixItems"].as_array() {
            Some(places) => {
                let places: Vec<_> = places
                    .iter()
                    .map(|place| values(root, place, presence))
                    .collect();
                places.prop_map(Value::from).boxed()
            }
            None => prop::collection::vec(values(root, &schema["items"], presence), 0..3)
                .prop_map(Value::from)
                .boxed(),
        },
        "object" => group(root, schema, presence),
        other => panic!("a value of type {other}"),
    }
}

fn group(root: &Value, schema: &Value, presence: f64) -> BoxedStrategy<Value> {
    let mut members: Vec<(String, &Value)> = Vec::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        // The other name of a setting does not go beside the first.
        if member["deprecated"] != true {
            members.push((name.clone(), member));
        }
    }
    for (pattern, member) in schema["patternProperties"]
        .as_object()
        .into_iter()
        .flatten()
    {
        members.extend(names(pattern).into_iter().map(|name| (name, member)));
    }
    if schema["additionalProperties"].is_object() {
        members.push(("any".to_owned(), &schema["additionalProperties"]));
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let strategies: Vec<_> = members
        .into_iter()
        .map(|(name, member)| {
            let presence = if required.contains(&Value::from(name.as_str())) {
                1.0
            } else {
                presence
            };
            let value = values(root, member, presence);
            let value = match presence {
                1.0 => value.prop_map(Some).boxed(),
                less => prop::option::weighted(less, value).boxed(),
            };
            value.prop_map(move |value| Some((name.clone(), value?)))
        })
        .collect();
    strategies
        .prop_map(|members| Value::Object(members.into_iter().flatten().collect::<Map<_, _>>()))
        .boxed()
}
