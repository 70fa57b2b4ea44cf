//! Every configuration file of a variant, rendered from several sets of
//! settings and compared with `tests/golden/VARIANT/CASE/FILE`.
//! `UPDATE_GOLDEN=1` writes the files instead; read the difference before
//! committing it.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use settings_model::{Variant, tree};
use settings_render::Declarations;

fn top() -> &'static Path {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.nth(3).unwrap()
}

fn read(name: &str) -> (Variant, Declarations) {
    let file = top().join(format!("conf/variants/{name}.toml"));
    let variant = Variant::parse(name, &fs::read_to_string(file).unwrap()).unwrap();
    let declarations = Declarations::of(&variant).unwrap().with_processors(4);
    (variant, declarations)
}

/// The settings of a node with user data from `tests/fixtures`.
fn with_user_data(name: &str, variant: &Variant, declarations: &Declarations) -> Value {
    let file = top().join(format!("tests/fixtures/user-data/{name}.toml"));
    let document: Value = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let normal = variant.model.normalise(&document["settings"]).unwrap();
    let mut settings = declarations.defaults().clone();
    tree::merge(&mut settings, &normal);
    settings
}

fn full() -> Value {
    json!({
        "motd": "Line one\n  <b>\"two\"</b> {{ not.a.template }} ünïcode",
        "boot": {"health-checks": {
            "kubelet": {"unit": "kubelet.service"},
            "proxy": {"url": "http://127.0.0.1:8080/healthz", "timeout": "90s"},
            "own": {"command": ["/usr/bin/apiclient", "get", "os"]},
        }},
        "ntp": {
            "time-servers": ["ntp.example.com", "192.0.2.1", "2001:db8::1"],
            "options": ["iburst", "minpoll 4", "maxpoll 6"],
        },
        "kernel": {
            "sysctl": {
                "net.core.somaxconn": "4096",
                "net.ipv4.ip_local_port_range": "1024 65535",
                "net/ipv4/conf/eth0.1/forwarding": "1",
                "kernel.core_pattern": "|/usr/bin/true \\%p = # ; \"x\"",
            },
            "modules": {
                "udf": {"allowed": false},
                "sctp": {"allowed": true, "autoload": true},
                "dccp": {"allowed": false, "autoload": true},
            },
        },
        "network": {
            "hostname": "node-1.example.com",
            "hosts": [["10.0.0.1", ["a.example.com", "a"]], ["2001:db8::1", ["b"]]],
            "https-proxy": "http://proxy.example.com:3128",
            "no-proxy": ["localhost", ".example.com"],
        },
        "dns": {"name-servers": ["192.0.2.53", "2001:db8::53"], "search-list": ["example.com"]},
        "pki": {
            "trusted": {"trusted": true, "data": "LS0tLS1CRUdJTi0tLS0tCg=="},
            "other": {"trusted": false, "data": "b3RoZXI="},
        },
        "host-containers": {
            "admin": {"enabled": true, "superpowered": true, "source": "r.example.com/admin:v1",
                "user-data": "eyJhIjogMX0="},
        },
        "bootstrap-containers": {"disks": {"mode": "once", "source": "r.example.com/disks:v1"}},
        "bootstrap-commands": {"labels": {
            "commands": [["apiclient", "set", "motd=a \"b\""]], "mode": "always"}},
        "container-registry": {
            "mirrors": [{"registry": "docker.io", "endpoint": ["https://m.example.com"]}],
            "credentials": [{"registry": "r.example.com", "username": "u", "password": "p\"'\\"}],
        },
        "updates": {"metadata-base-url": "https://u.example.com/m/", "seed": 7,
            "version-lock": "v1.2.3", "ignore-waves": true},
        "metrics": {"send-metrics": true, "metrics-url": "https://m.example.com/",
            "service-checks": ["apiserver"]},
    })
}

fn cases() -> Vec<(&'static str, &'static str, Value)> {
    let mut cases = vec![
        ("metal-dev", "empty", json!({})),
        ("metal-dev", "full", full()),
        (
            "metal-dev",
            "no-time-servers",
            json!({"ntp": {"time-servers": []}}),
        ),
    ];
    for (variant, user_data) in [
        ("metal-dev", None),
        ("aws-k8s", None),
        ("aws-k8s", Some("eks-node")),
        ("aws-ecs", Some("ecs-node")),
        ("vmware-k8s", Some("vmware-node")),
    ] {
        let (model, declarations) = read(variant);
        let settings = match user_data {
            None => declarations.defaults().clone(),
            Some(name) => with_user_data(name, &model, &declarations),
        };
        cases.push((variant, user_data.unwrap_or("defaults"), settings));
    }
    cases
}

/// JSON and TOML are what they should be.
fn parses(path: &Path, text: &str) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    match extension {
        Some("toml") => toml::from_str::<toml::Table>(text).is_ok(),
        _ if text.starts_with('{') => serde_json::from_str::<Value>(text).is_ok(),
        _ => true,
    }
}

#[test]
fn rendered_files_are_the_golden_ones() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    if update {
        fs::remove_dir_all(&golden).unwrap();
    }
    let mut expected = BTreeSet::new();
    for (variant, case, settings) in cases() {
        let (_, declarations) = read(variant);
        for (file, declared) in &declarations.metadata().configuration_files {
            let rendered = declarations.render(&settings, file);
            let rendered = rendered.unwrap_or_else(|e| panic!("{variant}/{case}: {e}"));
            assert!(
                parses(&declared.path, &rendered),
                "{variant}/{case}/{file}: {rendered}"
            );
            let path = golden.join(variant).join(case).join(file);
            if update {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &rendered).unwrap();
            }
            let found = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(rendered, found, "{variant}/{case}/{file}");
            expected.insert(path);
        }
    }
    let left_over: Vec<PathBuf> = files_below(&golden)
        .into_iter()
        .filter(|path| !expected.contains(path))
        .collect();
    assert_eq!(left_over, [] as [PathBuf; 0], "left over");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files_below(&path),
                false => vec![path],
            }
        })
        .collect()
}

/// What the image declares for a variant is what can be set there.
#[test]
fn declarations_fit_the_model_of_each_variant() {
    for file in fs::read_dir(top().join("conf/variants")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (variant, declarations) = read(name);
        let defaults = declarations.defaults();
        assert_eq!(
            variant.model.normalise(defaults).as_ref(),
            Ok(defaults),
            "{name}"
        );
        let generators = declarations.metadata().setting_generators();
        for key in generators.keys() {
            assert!(variant.model.kind(key).is_some(), "{name}: {key}");
        }
        for fault in variant.model.broken_rules(defaults).unwrap() {
            let key = settings_model::Key::parse_prefixed(fault.key()).unwrap();
            assert!(generators.contains_key(&key), "{name}: {fault}");
        }
    }
}

#[test]
fn values_that_would_add_lines_or_words_are_refused() {
    let cases = [
        (
            "sysctl",
            json!({"kernel": {"sysctl": {"vm.a": "1\nkernel.x = 1"}}}),
        ),
        ("sysctl", json!({"kernel": {"sysctl": {"vm.a\nb": "1"}}})),
        ("sysctl", json!({"kernel": {"sysctl": {"vm.*": "1"}}})),
        (
            "timesyncd",
            json!({"ntp": {"time-servers": ["a\nFallbackNTP=evil"]}}),
        ),
        ("timesyncd", json!({"ntp": {"time-servers": ["a b"]}})),
        ("hostname", json!({"network": {"hostname": "a\nb"}})),
        ("hosts", json!({"network": {"hostname": "a evil"}})),
    ];
    let declarations = Declarations::complete();
    for (file, settings) in cases {
        let error = declarations
            .render(&settings, file)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with(&format!("template `{file}`, line ")),
            "{error}"
        );
        assert!(
            !error.contains("evil") && !error.contains("kernel.x"),
            "{error}"
        );
    }
}
