//! Every configuration file, rendered from several sets of settings and
//! compared with `tests/golden/CASE/FILE`. `UPDATE_GOLDEN=1` writes the files
//! instead; read the difference before committing it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use settings_render::Declarations;

fn cases() -> Vec<(&'static str, Value)> {
    vec![
        ("empty", json!({})),
        ("defaults", Declarations::complete().defaults().clone()),
        (
            "empty-groups",
            json!({"motd": "", "ntp": {}, "kernel": {"sysctl": {}}, "network": {}}),
        ),
        (
            "full",
            json!({
                "motd": "Line one\n  <b>\"two\"</b> {{ not.a.template }} ünïcode",
                "ntp": {
                    "time-servers": ["ntp.example.com", "192.0.2.1", "2001:db8::1"],
                    "options": ["iburst", "minpoll 4", "maxpoll 6"],
                },
                "kernel": {"sysctl": {
                    "net.core.somaxconn": "4096",
                    "net.ipv4.ip_local_port_range": "1024 65535",
                    "net/ipv4/conf/eth0.1/forwarding": "1",
                    "kernel.core_pattern": "|/usr/bin/true \\%p = # ; \"x\"",
                }},
                "network": {"hostname": "node-1.example.com"},
            }),
        ),
        ("no-time-servers", json!({"ntp": {"time-servers": []}})),
    ]
}

#[test]
fn rendered_files_are_the_golden_ones() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut expected = BTreeSet::new();
    let declarations = Declarations::complete();
    for (case, settings) in cases() {
        for file in declarations.metadata().configuration_files.keys() {
            let rendered = declarations.render(&settings, file).unwrap();
            let path = golden.join(case).join(file);
            if update {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, &rendered).unwrap();
            }
            let found = fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(rendered, found, "{case}/{file}");
            expected.insert(path);
        }
    }
    for case in fs::read_dir(&golden).unwrap() {
        for file in fs::read_dir(case.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            assert!(expected.contains(&path), "{} is left over", path.display());
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
