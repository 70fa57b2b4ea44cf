//! The applet from its arguments to its exit code.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use settings_model::Model;
use settings_store::{Image, Layer, Store};

#[test]
fn arguments_become_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("store");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("os-release", "NAME=Test\nVERSION_ID=0.3.0\n");
    write("no-version", "NAME=Test\n");
    write("list.json", r#"{"migrations": {"(0.3.0, 0.4.0)": []}}"#);
    write("list.toml", "[migrations]\n'(0.4.0, 0.5.0)' = []\n");
    write("bad.toml", "[migrations]\n'0.4.0' = []\n");
    fs::create_dir(folder.path().join("programs")).unwrap();
    let mut store = Store::open(&base, "0.1.0", Image::new(Model::complete(), json!({}))).unwrap();
    let transaction = "test".parse().unwrap();
    let changes = json!({"motd": "kept"});
    store
        .stage(&transaction, Layer::Api, &changes, "a test")
        .unwrap();
    store.commit(&transaction, "a test").unwrap();
    drop(store);

    let (done, failed, wrong) = (ExitCode::SUCCESS, ExitCode::FAILURE, ExitCode::from(2));
    let cases: &[(&str, ExitCode, &str)] = &[
        ("--help", done, "0.1.0"),
        ("--to 0.1.0", done, "0.1.0"),
        ("--to 0.2.0", done, "0.2.0"),
        ("--os-release-path no-version", failed, "0.2.0"),
        ("--os-release-path missing", failed, "0.2.0"),
        ("--os-release-path os-release", done, "0.3.0"),
        (
            "--to 0.4.0 --migrations programs --list list.json",
            done,
            "0.4.0",
        ),
        (
            "--to 0.5.0 --migrations programs --list list.toml",
            done,
            "0.5.0",
        ),
        (
            "--to 0.6.0 --migrations programs --list bad.toml",
            failed,
            "0.5.0",
        ),
        // Where it is not needed, nobody looks at it.
        (
            "--to 0.5.0 --migrations programs --list bad.toml",
            done,
            "0.5.0",
        ),
        // Migrations that are there are for this step, whatever 0.4.0 had before.
        (
            "--to 0.4.0 --migrations programs --list bad.toml",
            failed,
            "0.5.0",
        ),
        (
            "--to 0.6.0 --migrations programs --list missing",
            done,
            "0.6.0",
        ),
        (
            "--to 0.7.0 --migrations missing --list list.json",
            done,
            "0.7.0",
        ),
        ("--to 0.8.0 --migrations programs", wrong, "0.7.0"),
        ("--to 0.8.0 --list list.json", wrong, "0.7.0"),
        ("--to 0.8.0 --os-release-path os-release", wrong, "0.7.0"),
        ("--to ../0.8.0", failed, "0.7.0"),
    ];
    for (line, code, current) in cases {
        let line = format!("migrator --datastore-path store --work-folder work {line}");
        // Files are named as they lie in the folder.
        let arguments = line.split(' ').map(|word| {
            let path = folder.path().join(word);
            let is_file = path.exists() || ["missing", "work"].contains(&word);
            if is_file { path.into() } else { word.into() }
        });
        let ended = migrator::main(arguments.collect());
        assert_eq!(format!("{ended:?}"), format!("{code:?}"), "{line}");
        let link = fs::read_link(base.join("current")).unwrap();
        assert_eq!(link, Path::new(current), "{line}");
    }
}
