//! The program as the migrator runs it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_v0-2-0-rename-aliases"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the migration runs")
}

fn payload(values: Value) -> Value {
    let entries: Value = values
        .as_object()
        .expect("values by their keys")
        .iter()
        .map(|(key, value)| (key.clone(), json!({"value": value, "who": "w"})))
        .collect();
    json!({"format": 1, "number": 3, "layers": {"api": entries, "user-data": {}}})
}

#[test]
fn aliases_are_renamed_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    let credentials = json!([{"registry": "example.com", "auth": "dXNlcjpwYXNz"}]);
    let old = payload(json!({
        "boot.init.\"systemd.log_level\"": ["debug"],
        "boot.kernel.console": ["tty0", "ttyS0"],
        "boot.kernel-parameters.quiet": [],
        "container-registry.creds": credentials,
        "motd": "boot.kernel",
    }));
    fs::write(folder.path().join("old"), old.to_string()).unwrap();

    let there = ["--forward", "--source", "old", "--target", "new"];
    assert!(run(&there, folder.path()).status.success());
    let mut new = read("new");
    let aside = new.as_object_mut().unwrap().remove("set-aside").unwrap();
    assert_eq!(
        new,
        payload(json!({
            "boot.init-parameters.\"systemd.log_level\"": ["debug"],
            "boot.kernel-parameters.console": ["tty0", "ttyS0"],
            "boot.kernel-parameters.quiet": [],
            "container-registry.credentials": credentials,
            "motd": "boot.kernel",
        }))
    );
    // The one that had its long name already is to keep it on the way back.
    let kept = &aside["v0-2-0-rename-aliases 1 forward"]["api"];
    assert_eq!(kept.as_object().unwrap().len(), 1, "{aside}");

    let back = ["--backward", "--source", "new", "--target", "back"];
    assert!(run(&back, folder.path()).status.success());
    assert_eq!(read("back"), old);
}

#[test]
fn exit_codes_tell_failure_from_wrong_usage() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text"), "no JSON").unwrap();
    let cases: &[(&[&str], i32, &str)] = &[
        (
            &["--forward", "--source", "text", "--target", "new"],
            1,
            "error: text: expected ident at line 1 column 2\n",
        ),
        (
            &["--forward", "--source", "text"],
            2,
            "error: wrong arguments\nhint: v0-2-0-rename-aliases --forward|--backward --source FILE --target FILE\n",
        ),
    ];
    for (arguments, code, message) in cases {
        let output = run(arguments, folder.path());
        assert_eq!(output.status.code(), Some(*code));
        assert_eq!(String::from_utf8_lossy(&output.stderr), *message);
        assert!(!folder.path().join("new").exists());
    }
}
