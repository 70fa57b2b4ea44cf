//! Probes without SELinux: the kernel's answer arrives unchanged.

use std::process::Command;

use dev_protocol::Check;

/// Exit code of `dev-agent probe`: 0 or the number of the error.
fn probe(check: &str) -> Option<i32> {
    let status = Command::new(env!("CARGO_BIN_EXE_dev-agent"))
        .args(["probe", check])
        .status()
        .expect("cargo has built the program");
    status.code()
}

fn json(check: &Check) -> String {
    serde_json::to_string(check).expect("checks are plain data")
}

#[test]
fn a_probe_exits_with_the_error_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("file"), "x").unwrap();
    let cases = [
        ("read a file", Check::OpenRead { path: path("file") }, 0),
        ("read a folder", Check::OpenRead { path: path("") }, 0),
        (
            "read nothing",
            Check::OpenRead {
                path: path("absent"),
            },
            libc::ENOENT,
        ),
        ("write a file", Check::OpenWrite { path: path("file") }, 0),
        (
            "write a folder",
            Check::OpenWrite { path: path("") },
            libc::EISDIR,
        ),
        ("create a file", Check::Create { path: path("new") }, 0),
        (
            "create it again",
            Check::Create { path: path("new") },
            libc::EEXIST,
        ),
        ("remove it", Check::Unlink { path: path("new") }, 0),
        (
            "remove it again",
            Check::Unlink { path: path("new") },
            libc::ENOENT,
        ),
        (
            "connect to a file",
            Check::Connect { path: path("file") },
            libc::ECONNREFUSED,
        ),
        (
            "run a program",
            Check::Exec {
                path: "/bin/true".to_owned(),
            },
            0,
        ),
        (
            "run a file",
            Check::Exec { path: path("file") },
            libc::EACCES,
        ),
        ("debug nobody", Check::Ptrace { pid: i32::MAX }, libc::ESRCH),
        (
            "load nothing",
            Check::LoadModule {
                path: path("absent.ko"),
            },
            libc::ENOENT,
        ),
        (
            "label nothing",
            Check::SetLabel {
                path: path("absent"),
                label: "x".to_owned(),
            },
            libc::ENOENT,
        ),
    ];
    for (name, check, expected) in cases {
        assert_eq!(probe(&json(&check)), Some(expected), "{name}");
    }
}

#[test]
fn what_is_no_check_is_told_apart_from_an_error_number() {
    for check in ["", "{}", r#"{"open-sesame":{"path":"/"}}"#] {
        assert_eq!(probe(check), Some(250), "{check}");
    }
}
