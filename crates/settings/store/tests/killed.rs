//! A process that is killed, or whose disk is full, at any moment: the store
//! is what it last said it was, or what it was about to say.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde_json::{Value, json};
use settings_model::Model;
use settings_store::{Image, Layer, Store};

/// Says to this program that it is the one to be killed, and where the store
/// is.
const STORE: &str = "TEST_STORE";

fn open(base: &Path) -> Store {
    let image = Image::new(Model::complete(), json!({}));
    Store::open(base, "1.0.0", image).unwrap()
}

fn set(store: &mut Store, changes: &Value) -> Result<(), settings_store::Error> {
    let transaction = "t".parse().unwrap();
    store.stage(&transaction, Layer::Api, changes, "a test")?;
    store.commit(&transaction, "a test").map(drop)
}

fn count(store: &Store) -> u64 {
    let motd = store.effective()["motd"].as_str().map(str::parse);
    motd.map_or(0, Result::unwrap)
}

/// Starts one test of this program as a process of its own, which a write
/// beyond a limit does not kill.
fn start(test: &str, base: &Path) -> Child {
    Command::new("env")
        .arg("--ignore-signal=XFSZ")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture", "--quiet", test])
        .env(STORE, base)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn what_was_committed_outlives_a_kill() {
    let base = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..25_u64 {
        let mut child = start("counts_without_end", base.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut numbers =
            std::iter::from_fn(|| lines.next()).filter_map(|line| line.ok()?.parse::<u64>().ok());
        // From a first commit on, at another moment in each round.
        acknowledged = acknowledged.max(numbers.next().unwrap());
        std::thread::sleep(Duration::from_micros(round * 397));
        child.kill().unwrap();
        acknowledged = numbers.last().unwrap_or(acknowledged);
        child.wait().unwrap();
        let store = open(base.path());
        assert_eq!(store.warnings(), [] as [&str; 0], "round {round}");
        let found = count(&store);
        assert!(
            found == acknowledged || found == acknowledged + 1,
            "round {round}: {acknowledged} was acknowledged, {found} is there"
        );
        acknowledged = found;
    }
    assert!(acknowledged >= 25);
}

#[test]
#[ignore = "what the test above kills"]
fn counts_without_end() {
    let Some(base) = std::env::var_os(STORE) else {
        return;
    };
    let mut store = open(Path::new(&base));
    for n in count(&store) + 1.. {
        set(&mut store, &json!({"motd": n.to_string()})).unwrap();
        println!("{n}");
    }
}

#[test]
fn a_full_disk_leaves_all_as_it_was() {
    let base = tempfile::tempdir().unwrap();
    let mut child = start("fills_the_disk", base.path());
    assert!(child.wait().unwrap().success());
    let store = open(base.path());
    assert_eq!(store.warnings(), [] as [&str; 0]);
    assert_eq!((count(&store), store.generation()), (2, 2));
    // What was staged before is still there.
    assert_eq!(store.transactions().count(), 1);
}

/// A limit to the size of files stands for a disk that fills up while a
/// document is written: a part of it is, and the rest is refused.
#[test]
#[ignore = "what the test above starts: the limit is the process's"]
fn fills_the_disk() {
    let Some(base) = std::env::var_os(STORE) else {
        return;
    };
    let mut store = open(Path::new(&base));
    set(&mut store, &json!({"motd": "1"})).unwrap();
    let staged = "staged".parse().unwrap();
    let large = json!({"ntp": {"options": vec!["x".repeat(1000); 8]}, "motd": "9"});
    store.stage(&staged, Layer::Api, &large, "a test").unwrap();
    let limit = |bytes| {
        let maximum = None;
        let current = bytes;
        setrlimit(Resource::Fsize, Rlimit { current, maximum }).unwrap();
    };
    for bytes in [0, 1, 100, 4096] {
        limit(Some(bytes));
        let before = store.snapshot();
        let refused = [
            store.commit(&staged, "a test").map(drop).unwrap_err(),
            set(&mut store, &large).unwrap_err(),
        ];
        limit(None);
        for error in refused {
            assert!(error.to_string().contains("File too large"), "{error}");
        }
        assert_eq!(store.text(), before.text());
        assert_eq!(store.generation(), 1);
    }
    set(&mut store, &json!({"motd": "2"})).unwrap();
}
