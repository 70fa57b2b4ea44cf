//! What needs no node: user data held against a variant, the files it would
//! become, and the schema. Golden files are in `tests/snapshots`; `INSTA_UPDATE
//! =always` rewrites them.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::path::Path;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    // From the top of the tree: messages name files as they were given.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3);
    Command::new(env!("CARGO_BIN_EXE_apiclient"))
        .current_dir(root.unwrap())
        .args(arguments)
        .output()
        .unwrap()
}

fn user_data(name: &str) -> String {
    format!("tests/fixtures/user-data/{name}.toml")
}

#[test]
fn good_user_data_is_valid() {
    for (name, variant) in [
        ("eks-node", "aws-k8s"),
        ("ecs-node", "aws-ecs"),
        ("vmware-node", "vmware-k8s"),
        ("vmware-node", "conf/variants/vmware-k8s.toml"),
    ] {
        let file = user_data(name);
        let output = run(&["validate", &file, "--variant", variant]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(&format!("{file} is valid for ")), "{said}");
    }
}

#[test]
fn bad_user_data_is_explained() {
    for (name, variant) in [
        ("unknown-key", "aws-k8s"),
        ("several-faults", "aws-k8s"),
        ("broken-rule", "aws-k8s"),
        ("no-toml", "aws-k8s"),
        ("eks-node", "metal-dev"),
    ] {
        let output = run(&["validate", &user_data(name), "--variant", variant]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty());
        let said = String::from_utf8(output.stderr).unwrap();
        insta::assert_snapshot!(format!("{name}-for-{variant}"), said);
    }
}

#[test]
fn files_are_rendered_and_written() {
    let file = user_data("vmware-node");
    let printed = run(&["render", &file, "--variant", "vmware-k8s"]);
    assert_eq!(printed.status.code(), Some(0), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.contains("==> /etc/hostname (mode 0644) <==\nworker-3.lab.example.com\n"));

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let written = run(&["render", &file, "--variant", "vmware-k8s", "--out", out]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let hostname = std::fs::read_to_string(folder.path().join("etc/hostname"));
    assert_eq!(hostname.unwrap(), "worker-3.lab.example.com\n");
}

#[test]
fn the_schema_is_of_the_variant() {
    for (draft, dialect) in [
        ("2020-12", "https://json-schema.org/draft/2020-12/schema"),
        ("4", "http://json-schema.org/draft-04/schema#"),
    ] {
        let output = run(&["schema", "--variant", "aws-ecs", "--draft", draft]);
        let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(schema["$schema"], dialect);
        let groups = schema["properties"].as_object().unwrap();
        assert!(groups.contains_key("ecs") && !groups.contains_key("kubernetes"));
    }
}

#[test]
fn variants_are_named_by_name_or_file() {
    let file = user_data("eks-node");
    let cases: &[(&[&str], i32, &str)] = &[
        (
            &["validate", &file, "--variant", "aws-k9s"],
            1,
            "error: there is no variant `aws-k9s`\nhint: give the path of a file, or one of ",
        ),
        (
            &["validate", &file, "--variant", "none.toml"],
            1,
            "error: failed to read none.toml: No such file",
        ),
        (
            &["validate", &file],
            2,
            "error: this is no Bottlerocket node: give --variant, a file or one of aws-dev, ",
        ),
        (
            &["validate", "none.toml", "--variant", "aws-k8s"],
            1,
            "error: failed to open none.toml: No such file",
        ),
    ];
    for (arguments, code, stderr) in cases {
        let output = run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(*code), "{arguments:?}: {said}");
        assert!(said.starts_with(stderr), "{arguments:?}: {said}");
    }
}
