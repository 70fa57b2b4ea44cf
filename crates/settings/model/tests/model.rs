//! The model as a whole: what it is asked, and that its answers agree.

mod common;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use regex_lite::Regex;
use serde_json::{Value, json};
use settings_model::{Kind, Model, tree};

#[test]
fn a_variant_has_the_groups_it_names() {
    let model = Model::of(&["ntp", "motd", "ntp"]).unwrap();
    assert_eq!(model.groups().collect::<Vec<_>>(), ["motd", "ntp"]);
    assert_eq!(Model::complete().groups().count(), 26);
    let error = Model::of(&["motd", "kubernets"]).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("settings.kubernets: unknown field `kubernets`")
    );
    assert_eq!(error.hint(), Some("did you mean `kubernetes`?"));
}

#[test]
fn other_groups_are_refused() {
    let model = Model::of(&["motd", "ntp"]).unwrap();
    for (name, given, message, hint) in [
        (
            "of another variant",
            json!({"kubernetes": {}}),
            "settings.kubernetes: this variant has no such group; its groups are `motd`, `ntp`",
            None,
        ),
        (
            "of no variant",
            json!({"nto": {}}),
            "settings.nto: unknown field `nto`, expected `motd` or `ntp`",
            Some("did you mean `ntp`?"),
        ),
    ] {
        for error in [
            model.normalise(&given).unwrap_err(),
            model.validate(&given).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), message, "{name}");
            assert_eq!(error.hint(), hint, "{name}");
        }
    }
}

#[test]
fn forms_of_other_systems_are_taken() {
    let model = Model::complete();
    for (name, given, normal) in [
        (
            "other names",
            json!({"boot": {"kernel": {"a": []}, "init": {"b": ["c"]}}}),
            json!({"boot": {"kernel-parameters": {"a": []}, "init-parameters": {"b": ["c"]}}}),
        ),
        (
            "mirrors by registry",
            json!({"container-registry": {"mirrors": {"docker.io": ["https://m"]}}}),
            json!({"container-registry": {"mirrors": [{"registry": "docker.io", "endpoint": ["https://m"]}]}}),
        ),
        (
            "an only taint",
            json!({"kubernetes": {"node-taints": {"a": "b:NoSchedule"}}}),
            json!({"kubernetes": {"node-taints": {"a": ["b:NoSchedule"]}}}),
        ),
        (
            "one address or several, kept",
            json!({"kubernetes": {"cluster-dns-ip": "10.0.0.1"}}),
            json!({"kubernetes": {"cluster-dns-ip": "10.0.0.1"}}),
        ),
        (
            "a number as text, kept",
            json!({"kubernetes": {"image-gc-high-threshold-percent": "90"}}),
            json!({"kubernetes": {"image-gc-high-threshold-percent": "90"}}),
        ),
        (
            "words in the other case",
            json!({"kubernetes": {"cpu-manager-policy": "None", "cloud-provider": "\"\""}}),
            json!({"kubernetes": {"cpu-manager-policy": "none", "cloud-provider": ""}}),
        ),
        (
            "no limit",
            json!({"oci-defaults": {"resource-limits": {"max-open-files": {"hard-limit": "unlimited"}}}}),
            json!({"oci-defaults": {"resource-limits": {"max-open-files": {"hard-limit": -1}}}}),
        ),
        (
            "names among fixed ones",
            json!({"kernel": {"hugepages": {"static": {"essential": true, "2Mi": {"count": "8"}}}}}),
            json!({"kernel": {"hugepages": {"static": {"2Mi": {"count": "8"}, "essential": true}}}}),
        ),
    ] {
        assert_eq!(model.normalise(&given).unwrap(), normal, "{name}");
        assert_eq!(model.normalise(&normal).unwrap(), normal, "{name}");
    }
}

#[test]
fn faults_deep_down_are_placed() {
    let model = Model::complete();
    for (given, message) in [
        (
            json!({"host-containers": {"a b": {}}}),
            "settings.host-containers.\"a b\": invalid identifier `a b`: it must consist of letters, digits, `-` and `_`",
        ),
        (
            json!({"host-containers": {"a": {"enable": true}}}),
            "settings.host-containers.a.enable: unknown field `enable`, expected one of `source`, `enabled`, `superpowered`, `user-data`, `command`",
        ),
        (
            json!({"network": {"hosts": [["10.0.0.1", ["a", "-b"]]]}}),
            "settings.network.hosts[0][1][1]: invalid hostname `-b`: it must not start with `-` or `.`",
        ),
        (
            json!({"network": {"hosts": [["10.0.0.1"]]}}),
            "settings.network.hosts[0]: invalid length 1, expected a tuple of size 2",
        ),
        (
            json!({"kernel": {"lockdown": "off"}}),
            "settings.kernel.lockdown: unknown value `off`, expected one of `none`, `integrity`, `confidentiality`",
        ),
        (
            json!({"kubernetes": {"eviction-hard": {"memory": "1Gi"}}}),
            "settings.kubernetes.eviction-hard.memory: unknown field `memory`, expected one of `memory.available`, `nodefs.available`, `nodefs.inodesFree`, `imagefs.available`, `imagefs.inodesFree`, `pid.available`",
        ),
        (
            json!({"kubernetes": {"max-pod": 1}}),
            "settings.kubernetes.max-pod: unknown field `max-pod`, expected one of 63 others",
        ),
        (
            json!({"kubernetes": {"node-taints": {"a": ["b"]}}}),
            "settings.kubernetes.node-taints.a[0]: invalid taint `b`: it must be a value and an effect, such as `true:NoSchedule`",
        ),
        (
            json!({"bootstrap-commands": {"a": {"commands": [["rm"]]}}}),
            "settings.bootstrap-commands.a.commands[0]: invalid command `rm`: its first word must be `apiclient`",
        ),
        (
            json!({"container-registry": {"creds": [], "credentials": []}}),
            "settings.container-registry: duplicate field `credentials`",
        ),
    ] {
        assert_eq!(model.normalise(&given).unwrap_err().to_string(), message);
    }
}

#[test]
fn kinds_of_keys() {
    let model = Model::complete();
    let list = |kind| Some(Kind::List(Box::new(kind)));
    let map = |kind| Some(Kind::Map(Box::new(kind)));
    for (key, kind) in [
        ("motd", Some(Kind::Text)),
        ("ntp", Some(Kind::Group)),
        ("ntp.time-servers", list(Kind::Text)),
        ("kernel.lockdown", Some(Kind::Text)),
        ("kernel.sysctl", map(Kind::Text)),
        ("kernel.sysctl.\"a.b\"", Some(Kind::Text)),
        ("kernel.hugepages.static.essential", Some(Kind::Boolean)),
        ("kernel.hugepages.static.2Mi", Some(Kind::Group)),
        ("host-containers", map(Kind::Group)),
        ("host-containers.admin.enabled", Some(Kind::Boolean)),
        ("network.hosts", list(Kind::List(Box::new(Kind::Text)))),
        ("boot.kernel", map(Kind::List(Box::new(Kind::Text)))),
        ("container-registry.mirrors", list(Kind::Group)),
        ("container-registry.mirrors.a", list(Kind::Text)),
        ("kubernetes.max-pods", Some(Kind::Integer)),
        ("kubernetes.cluster-dns-ip", list(Kind::Text)),
        (
            "kubernetes.image-gc-low-threshold-percent",
            Some(Kind::Integer),
        ),
        (
            "kubernetes.eviction-hard.\"memory.available\"",
            Some(Kind::Text),
        ),
        ("updates.seed", Some(Kind::Integer)),
        ("nothing", None),
        ("motd.a", None),
        ("ntp.time-server", None),
    ] {
        assert_eq!(model.kind(&key.parse().unwrap()), kind, "{key}");
    }
    let small = Model::of(&["motd"]).unwrap();
    assert_eq!(small.kind(&"ntp.options".parse().unwrap()), None);
}

/// A tree in which every key has a value.
fn full_tree() -> Value {
    let root = Model::complete().schema();
    let mut runner = TestRunner::deterministic();
    let strategy = common::values(&root, &root, 1.0);
    let drawn = strategy.new_tree(&mut runner);
    drawn.expect("a tree").current()
}

#[test]
fn every_key_that_takes_a_value_is_documented() {
    let model = Model::complete();
    let normal = model.normalise(&full_tree()).unwrap();
    let leaves = tree::flatten(&normal).unwrap();
    let docs = model.keys();
    let patterns: Vec<Regex> = docs.iter().map(|doc| pattern(&doc.key)).collect();
    for (doc, pattern) in docs.iter().zip(&patterns) {
        assert!(
            !doc.description.is_empty() && !doc.description.contains('\n'),
            "{doc:?}"
        );
        let leaf = leaves.keys().find(|key| pattern.is_match(&key.to_string()));
        let leaf = leaf.unwrap_or_else(|| panic!("no value was taken for {}", doc.key));
        let kind = model.kind(leaf).unwrap();
        assert!(
            !matches!(kind, Kind::Group | Kind::Map(_)),
            "{leaf}: {kind:?}"
        );
    }
    for key in leaves.keys() {
        let key = key.to_string();
        assert!(
            patterns.iter().any(|pattern| pattern.is_match(&key)),
            "{key} is not documented"
        );
    }
    assert!(docs.len() > 250, "{}", docs.len());
}

/// Matches the written keys that a documented one stands for.
fn pattern(documented: &str) -> Regex {
    let mut pattern = String::from("^");
    for (at, part) in documented.split('<').enumerate() {
        let fixed = match part.split_once('>') {
            Some((_, fixed)) if at > 0 => {
                pattern.push_str(r#"("[^"]*"|[^".]+)"#);
                fixed
            }
            _ => part,
        };
        pattern.push_str(&regex_lite::escape(fixed));
    }
    pattern.push('$');
    Regex::new(&pattern).expect("a pattern")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_the_schema_allows_is_taken(tree in {
        let root = Model::complete().schema();
        common::values(&root, &root, 0.3)
    }) {
        let model = Model::complete();
        let normal = model.normalise(&tree).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(&model.normalise(&normal).unwrap(), &normal);
        // Nothing is lost: what is set stays set, under one of its names.
        let mut pruned = tree;
        tree::prune(&mut pruned);
        prop_assert_eq!(tree::flatten(&normal).unwrap().is_empty(), tree::flatten(&pruned).unwrap().is_empty());
        // Rules look at anything that can be read.
        model.broken_rules(&normal).unwrap();
    }

    #[test]
    fn any_json_is_taken_or_refused(group in prop::sample::select(Model::complete().groups().collect::<Vec<_>>()), value in json_values()) {
        let model = Model::complete();
        let tree = json!({group: value});
        if let Ok(normal) = model.normalise(&tree) {
            prop_assert_eq!(model.normalise(&normal).unwrap(), normal);
        }
        let _ = model.validate(&tree);
    }
}

fn json_values() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "enabled",
        "source",
        "mirrors",
        "hosts",
        "sysctl",
        "a.b",
        "static",
        "hugepages",
        "2Mi",
        "count",
        "node-taints",
        "image-gc-high-threshold-percent",
        "eviction-soft",
        "nvidia",
        "commands",
        "a",
        "data",
        "credentials",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9.:=/% ]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..4).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}
