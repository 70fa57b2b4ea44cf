//! There is no shell and no interpreter.

use anyhow::Result;
use dev_protocol::{Check, Verdict};
use end_to_end_tests::on_node;

const INTERPRETERS: [&str; 32] = [
    "ash", "awk", "bash", "busybox", "csh", "dash", "ed", "expect", "fish", "gawk", "guile", "ksh",
    "lua", "luajit", "m4", "mawk", "mksh", "node", "nodejs", "perl", "php", "pwsh", "python",
    "python2", "python3", "ruby", "sed", "sh", "tclsh", "tcsh", "toybox", "zsh",
];

/// Folders of a usual `PATH`.
const FOLDERS: [&str; 6] = [
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
];

fn is_interpreter(name: &str) -> bool {
    // `python3.13` is one as much as `python3` is.
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.contains(&name) || INTERPRETERS.contains(&stem)
}

#[test]
fn no_interpreter_is_in_any_path() -> Result<()> {
    on_node(|subject| {
        let top = subject.channel().list("/usr")?;
        for folder in FOLDERS {
            if folder.starts_with("/usr/local") && !top.iter().any(|name| name == "local") {
                continue;
            }
            let found: Vec<String> = subject
                .channel()
                .list(folder)?
                .into_iter()
                .filter(|n| is_interpreter(n))
                .collect();
            assert!(found.is_empty(), "{folder} has {found:?}");
        }
        Ok(())
    })
}

#[test]
fn executing_a_shell_fails() -> Result<()> {
    on_node(|subject| {
        for name in ["sh", "bash", "dash", "busybox", "python3", "perl"] {
            for folder in ["/bin", "/usr/bin"] {
                let path = format!("{folder}/{name}");
                let verdict = subject.probe(None, &Check::Exec { path })?;
                assert_eq!(
                    verdict,
                    Verdict::Errno("ENOENT".to_owned()),
                    "{folder}/{name}"
                );
            }
        }
        Ok(())
    })
}

#[test]
fn versions_do_not_hide_an_interpreter() {
    for (name, expected) in [
        ("python3.13", true),
        ("lua5.4", true),
        ("bash", true),
        ("dbus-broker", false),
        ("bootctl", false),
        ("mke2fs", false),
    ] {
        assert_eq!(is_interpreter(name), expected, "{name}");
    }
}
