//! Which applet runs, and how the program explains itself.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Exit code, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_bottlerocket"))
        .arg0(arguments[0])
        .args(&arguments[1..])
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn every_applet_runs_by_its_name_and_as_an_argument() {
    let (code, list, _) = run(&["bottlerocket", "--list"]);
    assert_eq!(code, 0);
    let names: Vec<_> = list.lines().collect();
    assert!(names.contains(&"settings-applier"), "{names:?}");
    assert!(names.is_sorted(), "{names:?}");
    for name in names {
        let path = format!("/usr/bin/{name}");
        for arguments in [
            vec![path.as_str(), "--version"],
            vec![name, "--version"],
            vec!["/usr/bin/bottlerocket", name, "--version"],
        ] {
            let (code, stdout, stderr) = run(&arguments);
            assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
            assert!(stdout.starts_with(name), "{arguments:?}: {stdout}");
        }
        let (code, _, stderr) = run(&["bottlerocket", name, "--frobnicate"]);
        assert_eq!(code, 2, "{name}");
        assert!(stderr.contains("--frobnicate"), "{name}: {stderr}");
    }
}

#[test]
fn what_is_no_applet_is_explained() {
    let hint = "hint: `bottlerocket --list` prints the names of the applets\n";
    let cases: &[(&[&str], &str)] = &[
        (&["bottlerocket"], "error: no applet is named\n"),
        (
            &["/usr/bin/bottlerocket", "frobnicate"],
            "error: \"frobnicate\" is not an applet\n",
        ),
        (
            &["bottlerocket", "bottlerocket"],
            "error: \"bottlerocket\" is not an applet\n",
        ),
        (
            &["/usr/bin/frobnicate", "set-hostname"],
            "error: \"frobnicate\" is not an applet\n",
        ),
        (
            &["bottlerocket", "a\u{1b}[2J"],
            "error: \"a\\u{1b}[2J\" is not an applet\n",
        ),
        (&[""], "error: no applet is named\n"),
    ];
    for (arguments, message) in cases {
        let ran = run(arguments);
        assert_eq!(
            ran,
            (2, String::new(), format!("{message}{hint}")),
            "{arguments:?}"
        );
    }
    for argument in ["--help", "-h", "--version", "-V"] {
        let (code, stdout, stderr) = run(&["bottlerocket", argument]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{argument}");
        assert!(!stdout.is_empty(), "{argument}");
    }
}
