use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use serde_json::json;

/// Remembers what it was told to do; a command with `fail` in it fails.
#[derive(Debug, Default)]
struct Recorder(Vec<String>);

impl Restart for Recorder {
    fn run(&mut self, services: &[&[String]]) -> Vec<Result<(), String>> {
        let one = |commands: &&[String]| {
            self.0.extend(commands.iter().cloned());
            match commands.iter().find(|command| command.contains("fail")) {
                Some(command) => Err(format!("`{command}` failed")),
                None => Ok(()),
            }
        };
        services.iter().map(one).collect()
    }

    fn reload_units(&mut self) -> Result<(), String> {
        self.0.push("reload".to_owned());
        Ok(())
    }
}

/// Four services on templates that exist: two share a file, one fails to
/// restart, one has a unit file.
fn declarations() -> Declarations {
    Declarations::new(json!({
        "services": {
            "a-broken": {
                "configuration-files": ["hostname"],
                "restart-commands": ["restart a", "fail to restart a", "restart a again"],
            },
            "b-motd": {"configuration-files": ["motd"], "restart-commands": ["restart b"]},
            "c-both": {
                "configuration-files": ["motd", "unit"],
                "restart-commands": ["restart c1", "restart c2"],
            },
            "d-quiet": {"configuration-files": ["unit"], "restart-commands": []},
        },
        "configuration-files": {
            "hostname": {"path": "/etc/hostname", "template-path": "hostname"},
            "motd": {"path": "/etc/deep/er/motd", "template-path": "motd", "mode": "0600"},
            "unit": {"path": "/etc/systemd/system/x.service", "template-path": "sysctl"},
        },
        "metadata": {"settings": {
            "motd": {"affected-services": ["b-motd", "c-both"]},
            "kernel": {"affected-services": ["d-quiet"]},
            "network": {"affected-services": ["a-broken"]},
        }},
    }))
    .unwrap()
}

struct Node {
    root: tempfile::TempDir,
    restarts: Recorder,
}

impl Node {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            restarts: Recorder::default(),
        }
    }

    fn apply(&mut self, settings: &Value, keys: Option<&[&str]>) -> Report {
        let selection = match keys {
            None => Selection::All,
            Some(keys) => Selection::Keys(keys.iter().map(|k| k.parse().unwrap()).collect()),
        };
        self.restarts.0.clear();
        let declarations = declarations();
        write(settings, &declarations, &selection, self.root.path()).restart(&mut self.restarts)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.path().join(path)).unwrap()
    }
}

fn changed(report: &Report) -> Vec<&str> {
    let files = report.files.iter().filter(|file| file.changed);
    files.map(|file| file.path.to_str().unwrap()).collect()
}

#[test]
fn only_services_of_changed_files_are_restarted() {
    let mut node = Node::new();
    let settings = json!({"motd": "one"});
    let report = node.apply(&settings, None);
    assert_eq!(
        changed(&report),
        [
            "/etc/hostname",
            "/etc/deep/er/motd",
            "/etc/systemd/system/x.service"
        ]
    );
    assert_eq!(
        node.restarts.0,
        [
            "reload",
            "restart a",
            "fail to restart a",
            "restart a again",
            "restart b",
            "restart c1",
            "restart c2"
        ]
    );
    assert_eq!(node.read("etc/deep/er/motd"), "one\n");
    let mode = fs::metadata(node.root.path().join("etc/deep/er/motd"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o7777, 0o600);

    let report = node.apply(&settings, None);
    assert_eq!((changed(&report).len(), node.restarts.0.len()), (0, 0));
    assert_eq!(report.services.len(), 4);

    // Both services of the file, and not those of others.
    let report = node.apply(&json!({"motd": "two"}), Some(&["motd"]));
    assert_eq!(changed(&report), ["/etc/deep/er/motd"]);
    assert_eq!(node.restarts.0, ["restart b", "restart c1", "restart c2"]);
    let names: Vec<_> = report
        .services
        .iter()
        .map(|s| (s.name.as_str(), s.restarted))
        .collect();
    assert_eq!(names, [("b-motd", true), ("c-both", true)]);

    // Of what the key affects, and nothing else, even where settings differ.
    let both = json!({"motd": "three", "kernel": {"sysctl": {"vm.a": "1"}}});
    let report = node.apply(&both, Some(&["kernel.sysctl.\"vm.a\"", "unheard.of"]));
    assert_eq!(changed(&report), ["/etc/systemd/system/x.service"]);
    assert_eq!(node.restarts.0, ["reload"]);
    assert_eq!(node.read("etc/deep/er/motd"), "two\n");

    let report = node.apply(&both, Some(&[]));
    assert_eq!(report, Report::default());
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let mut node = Node::new();
    // In the way of the file.
    fs::create_dir_all(node.root.path().join("etc/hostname")).unwrap();
    let secret = json!({"motd": "hi", "kernel": {"sysctl": {"vm.a": "hush\nhush"}}});
    let report = node.apply(&secret, None);
    assert_eq!(changed(&report), ["/etc/deep/er/motd"]);
    assert_eq!(node.restarts.0, ["restart b", "restart c1", "restart c2"]);
    let problems: Vec<_> = report.problems().collect();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].starts_with("/etc/hostname is not up to date: failed to "),
        "{problems:?}"
    );
    assert_eq!(
        problems[1],
        "/etc/systemd/system/x.service is not up to date: template `sysctl`, line 4: \
         invalid operation: the value holds a control character"
    );

    // The next time it works, and a restart that fails is named.
    fs::remove_dir(node.root.path().join("etc/hostname")).unwrap();
    let report = node.apply(
        &json!({"network": {"hostname": "a"}}),
        Some(&["network.hostname"]),
    );
    assert_eq!(
        report.problems().collect::<Vec<_>>(),
        ["service a-broken was not restarted: `fail to restart a` failed"]
    );
    assert_eq!(
        node.restarts.0,
        ["restart a", "fail to restart a", "restart a again"]
    );
}

#[test]
fn at_boot_nothing_is_restarted() {
    let node = Node::new();
    let declarations = Declarations::complete();
    let settings = declarations.defaults();
    let root = node.root.path();
    let report = write(settings, &declarations, &Selection::All, root).without_restarts();
    assert_eq!(
        report.files.len(),
        declarations.metadata().configuration_files.len()
    );
    assert!(
        report
            .files
            .iter()
            .all(|file| file.changed && file.error.is_none())
    );
    assert_eq!(report.services, []);
    assert_eq!(node.read("etc/motd"), "Welcome to Bottlerocket!\n");
}

#[test]
fn reports_have_the_shape_the_api_passes_on() {
    let mut node = Node::new();
    let report = node.apply(&json!({"motd": "x"}), Some(&["motd"]));
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        json!({
            "files": [
                {"path": "/etc/deep/er/motd", "changed": true, "error": null},
                {"path": "/etc/systemd/system/x.service", "changed": true, "error": null},
            ],
            "services": [
                {"name": "b-motd", "restarted": true, "error": null},
                {"name": "c-both", "restarted": true, "error": null},
            ],
        })
    );
    assert_eq!(
        serde_json::to_value(Report::failed("why".to_owned())).unwrap(),
        json!({"files": [], "services": [], "error": "why"})
    );
}
