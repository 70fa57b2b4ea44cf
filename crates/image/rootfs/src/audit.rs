//! The audit: what must not be in a root file system.

use crate::labels::{FileContexts, Kind};
use crate::paths::{normalise, regular_files};
use crate::{Error, elf};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Names under which shells and interpreters are known, without version.
const INTERPRETERS: [&str; 34] = [
    "ash", "awk", "bash", "bpftrace", "busybox", "csh", "dash", "deno", "elvish", "emacs",
    "expect", "fish", "gawk", "gdb", "guile", "ksh", "lua", "luajit", "mawk", "mksh", "nawk",
    "node", "nu", "osh", "perl", "php", "python", "rbash", "ruby", "sh", "tclsh", "toybox", "vim",
    "zsh",
];

/// One reason to refuse a root file system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, as seen on the running system.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// A known shell or interpreter.
    Interpreter,
    /// A script.
    Script,
    /// Runs with the rights of its owner or group.
    SetId,
    /// The policy gives it no label.
    NoLabel,
    /// A program at a fixed address.
    NotPositionIndependent,
    /// Its relocated data stays writable.
    NoRelro,
    /// Its stack can be executed.
    ExecutableStack,
    /// A program that the variant's list of executables does not have.
    NotListed,
    /// A program of the variant's list that is not there.
    Missing,
    /// A link into the image that leads nowhere.
    DanglingLink,
}

impl Problem {
    /// Whether it is about how the program was compiled.
    pub fn is_hardening(self) -> bool {
        matches!(
            self,
            Self::NotPositionIndependent | Self::NoRelro | Self::ExecutableStack
        )
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::Interpreter => "is a shell or interpreter",
            Problem::Script => "is a script",
            Problem::SetId => "has the setuid or setgid bit",
            Problem::NoLabel => "gets no SELinux label",
            Problem::NotPositionIndependent => "is not position independent",
            Problem::NoRelro => "has no read-only relocations",
            Problem::ExecutableStack => "has an executable stack",
            Problem::NotListed => "is not in the variant's list of executables",
            Problem::Missing => "is in the variant's list of executables, but not in the image",
            Problem::DanglingLink => "is a link that leads nowhere",
        };
        write!(f, "{} {problem}", self.path.display())
    }
}

/// The executable files of a root, as seen on the running system.
pub fn executables(root: &Path) -> Result<BTreeSet<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    for file in regular_files(root)? {
        let metadata = files::at("examine", &file, fs::metadata(&file))?;
        let path = on_node(root, &file);
        // Libraries lie in folders of their own and are judged by what needs
        // them; everything else that may be executed is a program.
        let library = is_library(&path);
        if metadata.permissions().mode() & 0o111 != 0 && !library {
            found.insert(path);
        }
    }
    Ok(found)
}

/// By its own name (`libc.so.6`, `plugin.so`): a folder's says nothing.
fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".so") || name.contains(".so.")
}

/// Looks at every file of a root. `listed` are the executables the variant is
/// known to have. The findings are in name order; none means the root may ship.
pub fn audit(
    root: &Path,
    labels: &FileContexts,
    listed: &BTreeSet<PathBuf>,
) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    let present = executables(root)?;
    let mut find = |path: &Path, problem| {
        findings.push(Finding {
            path: path.to_owned(),
            problem,
        });
    };
    for path in present.difference(listed) {
        find(path, Problem::NotListed);
    }
    for path in listed.difference(&present) {
        find(path, Problem::Missing);
    }
    walk(root, &mut |file, kind| {
        let path = on_node(root, file);
        if labels.lookup(&path, kind).is_none() {
            find(&path, Problem::NoLabel);
        }
        match kind {
            Kind::Regular => {
                for problem in problems_of(file)? {
                    find(&path, problem);
                }
            }
            Kind::Link if leads_nowhere(root, file)? => find(&path, Problem::DanglingLink),
            _ => {}
        }
        if kind != Kind::Folder && is_interpreter(&path) {
            find(&path, Problem::Interpreter);
        }
        Ok(())
    })?;
    findings.sort();
    Ok(findings)
}

fn problems_of(file: &Path) -> Result<Vec<Problem>, Error> {
    let mut problems = Vec::new();
    let mode = files::at("examine", file, fs::metadata(file))?
        .permissions()
        .mode();
    if mode & 0o6000 != 0 {
        problems.push(Problem::SetId);
    }
    if files::read(file)?.starts_with(b"#!") {
        problems.push(Problem::Script);
    }
    // Kernel modules are relocatable objects that the kernel links itself.
    let module = file.extension().is_some_and(|e| e == "ko");
    if let (false, Some(facts)) = (module, elf::read(file)?) {
        if !facts.position_independent {
            problems.push(Problem::NotPositionIndependent);
        }
        if !facts.relro {
            problems.push(Problem::NoRelro);
        }
        if !facts.stack_not_executable {
            problems.push(Problem::ExecutableStack);
        }
    }
    Ok(problems)
}

fn is_interpreter(path: &Path) -> bool {
    let in_program_folder = ["bin", "sbin", "libexec"]
        .iter()
        .any(|f| path.parent().is_some_and(|p| p.ends_with(f)));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unversioned = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    in_program_folder && INTERPRETERS.contains(&unversioned)
}

/// Links into `/etc`, `/run` and other folders that fill at run time are fine.
fn leads_nowhere(root: &Path, link: &Path) -> Result<bool, Error> {
    let target = files::at("read", link, fs::read_link(link))?;
    // What lies in the factory folder is used from the place it is copied to.
    let place = match link.strip_prefix(root.join("usr/share/factory")) {
        Ok(copied) => root.join(copied),
        Err(_) => link.to_owned(),
    };
    let full = match target.strip_prefix("/") {
        Ok(absolute) => root.join(absolute),
        Err(_) => place.parent().unwrap_or(root).join(&target),
    };
    let full = normalise(&full);
    Ok(full.starts_with(root.join("usr")) && full.symlink_metadata().is_err())
}

fn walk(
    folder: &Path,
    visit: &mut impl FnMut(&Path, Kind) -> Result<(), Error>,
) -> Result<(), Error> {
    visit(folder, Kind::Folder)?;
    for entry in files::at("list", folder, fs::read_dir(folder))? {
        let entry = files::at("list", folder, entry)?;
        let kind = files::at("examine", &entry.path(), entry.file_type())?;
        if kind.is_dir() {
            walk(&entry.path(), visit)?;
        } else if kind.is_symlink() {
            visit(&entry.path(), Kind::Link)?;
        } else if kind.is_file() {
            visit(&entry.path(), Kind::Regular)?;
        } else {
            // Pipes, sockets and devices cannot get here by copying files.
            visit(&entry.path(), Kind::Pipe)?;
        }
    }
    Ok(())
}

fn on_node(root: &Path, file: &Path) -> PathBuf {
    Path::new("/").join(file.strip_prefix(root).unwrap_or(file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn contexts() -> FileContexts {
        FileContexts::parse("/.* u:object_r:os_t:s0\n/usr/lib/unlabelled <<none>>\n").unwrap()
    }

    fn put(root: &Path, name: &str, content: &[u8], mode: u32) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn each_defect_is_found() {
        let table: [(&str, &[u8], u32, Problem); 6] = [
            ("usr/bin/bash", b"x", 0o644, Problem::Interpreter),
            ("usr/bin/python3.13", b"x", 0o644, Problem::Interpreter),
            (
                "usr/lib/helper",
                b"#!/usr/bin/env x\n",
                0o644,
                Problem::Script,
            ),
            ("usr/lib/mount", b"x", 0o4644, Problem::SetId),
            ("usr/lib/unlabelled", b"x", 0o644, Problem::NoLabel),
            ("usr/bin/new", b"x", 0o755, Problem::NotListed),
        ];
        for (name, content, mode, problem) in table {
            let root = tempfile::tempdir().unwrap();
            put(root.path(), name, content, mode);
            let findings = audit(root.path(), &contexts(), &BTreeSet::new()).unwrap();
            let path = Path::new("/").join(name);
            assert_eq!(findings, [Finding { path, problem }], "{name}");
        }
    }

    #[test]
    fn a_listed_program_must_be_there() {
        let root = tempfile::tempdir().unwrap();
        let listed = BTreeSet::from([PathBuf::from("/usr/bin/apiclient")]);
        let findings = audit(root.path(), &contexts(), &listed).unwrap();
        assert_eq!(findings[0].problem, Problem::Missing);
        put(root.path(), "usr/bin/apiclient", b"x", 0o755);
        assert_eq!(audit(root.path(), &contexts(), &listed).unwrap(), []);
    }

    #[test]
    fn a_program_is_no_library_because_of_its_folder() {
        let table = [
            ("/usr/lib/libc.so.6", true),
            ("/usr/lib/plugin.so", true),
            ("/srv/a.so.b/usr/bin/tool", false),
            ("/usr/bin/tool.sort", false),
        ];
        for (path, expected) in table {
            assert_eq!(is_library(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn links_may_lead_to_what_appears_at_run_time() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("usr/lib")).unwrap();
        symlink("../../run/resolv.conf", root.path().join("usr/lib/run")).unwrap();
        assert_eq!(
            audit(root.path(), &contexts(), &BTreeSet::new()).unwrap(),
            []
        );
        symlink("../lib/absent", root.path().join("usr/lib/bad")).unwrap();
        let findings = audit(root.path(), &contexts(), &BTreeSet::new()).unwrap();
        assert_eq!(findings[0].problem, Problem::DanglingLink);
    }
}
