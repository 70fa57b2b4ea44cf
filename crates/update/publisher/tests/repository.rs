//! Repositories, as the program makes them.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Folders of images, keys and a repository.
struct Workshop(tempfile::TempDir);

impl Workshop {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program with arguments in which `@name` is a path of the
    /// workshop.
    fn run(&self, line: &str) -> Output {
        let words = line.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).into_os_string(),
            None => word.into(),
        });
        Command::new(env!("CARGO_BIN_EXE_publisher"))
            .args(words)
            .output()
            .unwrap()
    }

    fn ok(&self, line: &str) -> String {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, line: &str, reason: &str) {
        let output = self.run(line);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {errors}");
        assert!(errors.contains(reason), "{line}: {errors}");
    }

    /// A folder like one that image-builder makes.
    fn image(&self, version: &str) {
        let folder = self.path(version);
        fs::create_dir(&folder).unwrap();
        let contents = format!(
            r#"{{"variant": "metal-dev", "architecture": "x86_64", "version": "{version}"}}"#
        );
        for (name, text) in [
            ("contents.json", contents.as_str()),
            ("bottlerocket-metal-dev-x86_64.efi", version),
            ("root.erofs", "root"),
            ("root.hash", "hash"),
        ] {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    /// A repository signed with `key`, and images of two versions.
    fn with_repository() -> Self {
        let workshop = Self::new();
        workshop.ok("key @key");
        workshop.ok("init --repository @repository --key @key");
        workshop.image("1.0.0");
        workshop.image("1.1.0");
        workshop
    }

    fn manifest(&self) -> String {
        let targets = self.path("repository/targets");
        let mut found: Vec<PathBuf> = fs::read_dir(targets)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().ends_with(".manifest.json"))
            .collect();
        found.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
        fs::read_to_string(found.pop().unwrap()).unwrap()
    }
}

const SIGNED: &str = "--repository @repository --key @key";

#[test]
fn what_is_added_is_offered_until_it_is_removed() {
    let workshop = Workshop::with_repository();
    assert_eq!(workshop.ok("validate --repository @repository"), "");
    workshop.ok(&format!("add {SIGNED} --image @1.0.0"));
    workshop.ok(&format!("add {SIGNED} --image @1.1.0"));
    let both = "metal-dev x86_64 1.0.0\nmetal-dev x86_64 1.1.0\n";
    assert_eq!(workshop.ok("validate --repository @repository"), both);
    // Who has the older one may go to the newer one.
    let manifest = workshop.manifest();
    assert_eq!(
        manifest.matches(r#""max_version": "1.1.0""#).count(),
        2,
        "{manifest}"
    );
    workshop.ok(&format!("refresh {SIGNED}"));
    assert_eq!(workshop.ok("validate --repository @repository"), both);

    let which = "--variant metal-dev --arch x86_64 --version";
    workshop.ok(&format!("remove {SIGNED} {which} 1.0.0"));
    assert_eq!(
        workshop.ok("validate --repository @repository"),
        "metal-dev x86_64 1.1.0\n"
    );
    workshop.refused(&format!("remove {SIGNED} {which} 1.0.0"), "is not offered");
    workshop.refused(
        &format!("add {SIGNED} --image @1.1.0"),
        "is offered already",
    );
    workshop.refused(
        &format!("add {SIGNED} --image @repository"),
        "contents.json",
    );
}

#[test]
fn waves_are_set_and_taken_away() {
    let workshop = Workshop::with_repository();
    let waves = "[[waves]]\nstart_after = \"1 hour\"\nfleet_percentage = 100\n";
    fs::write(workshop.path("waves.toml"), waves).unwrap();
    fs::write(workshop.path("bad.toml"), waves.replace("100", "0")).unwrap();
    workshop.ok(&format!("add {SIGNED} --image @1.0.0 --waves @waves.toml"));
    assert!(workshop.manifest().contains("\"waves\""));
    let which = "--variant metal-dev --arch x86_64 --version 1.0.0";
    let bad = format!("set-wave {SIGNED} {which} --waves @bad.toml");
    workshop.refused(&bad, "bad.toml: wave 1: fleet_percentage");
    workshop.ok(&format!("set-wave {SIGNED} {which}"));
    assert!(!workshop.manifest().contains("\"waves\""));
}

#[test]
fn it_takes_as_many_keys_as_the_root_says() {
    let workshop = Workshop::new();
    for key in ["a", "b", "c", "online"] {
        workshop.ok(&format!("key @{key}"));
    }
    workshop.refused("key @a", "exists already");
    let init = "init --repository @repository --key @a --key @b";
    workshop.refused(
        &format!("{init} --threshold 3"),
        "2 keys cannot make 3 signatures",
    );
    workshop.refused(&format!("{init} --key @a"), "is given twice");
    workshop.ok(&format!("{init} --threshold 2 --online-key @online"));
    workshop.refused(&format!("{init} --threshold 2"), "exists already");

    workshop.image("1.0.0");
    let add = "add --repository @repository --image @1.0.0";
    for keys in [
        "--key @a --key @b",
        "--key @a --key @online",
        "--key @a --key @c --key @online",
    ] {
        workshop.refused(
            &format!("{add} {keys}"),
            "failed to sign; hint: give the keys of all roles",
        );
    }
    workshop.ok(&format!("{add} --key @a --key @b --key @online"));
    let mode = fs::metadata(workshop.path("a")).unwrap().permissions();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
        0o600
    );
    fs::write(workshop.path("no-key"), "text").unwrap();
    workshop.refused("init --repository @other --key @no-key", "no-key");
}

#[test]
fn what_was_changed_is_found() {
    let changed = |change: fn(&Path), reason: &str| {
        let workshop = Workshop::with_repository();
        workshop.ok(&format!("add {SIGNED} --image @1.0.0"));
        change(&workshop.path("repository"));
        workshop.refused("validate --repository @repository", reason);
    };
    changed(
        |repository| edit(&repository.join("targets"), "root.erofs.lz4"),
        "ash mismatch",
    );
    changed(
        |repository| edit(&repository.join("metadata"), "targets.json"),
        "is no good repository",
    );
    changed(
        |repository| edit(&repository.join("metadata"), "timestamp.json"),
        "is no good repository",
    );
    changed(
        |repository| fs::remove_dir_all(repository.join("targets")).unwrap(),
        "target",
    );
    let expired = Workshop::with_repository();
    expired.ok(&format!("add {SIGNED} --image @1.0.0 --fresh-days 0"));
    expired.refused("validate --repository @repository", "xpired");
    // It can be made fresh again.
    expired.ok(&format!("refresh {SIGNED}"));
    expired.ok("validate --repository @repository");
}

/// Changes a byte in the newest file whose name ends so.
fn edit(folder: &Path, end: &str) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(end))
        .collect();
    paths.sort();
    let path = paths.pop().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() / 2;
    bytes[last] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn nodes_are_called_back() {
    let workshop = Workshop::with_repository();
    workshop.ok(&format!("add {SIGNED} --image @1.0.0"));
    workshop.ok(&format!("add {SIGNED} --image @1.1.0"));
    let which = "--variant metal-dev --arch x86_64";
    workshop.ok(&format!("set-max-version {SIGNED} {which} 1.0.0"));
    let manifest = workshop.manifest();
    let limits = manifest.matches(r#""max_version": "1.0.0""#).count();
    assert_eq!(limits, 2, "{manifest}");
    workshop.refused(
        &format!("set-max-version {SIGNED} --variant aws-dev --arch x86_64 1.0.0"),
        "nothing is offered to aws-dev",
    );
}

#[test]
fn migrations_come_along_and_stay_as_they_are() {
    let workshop = Workshop::with_repository();
    let migrations = |names: &str| {
        let folder = workshop.path("migrations");
        let _ = fs::create_dir(&folder);
        for name in ["one", "two"] {
            fs::write(folder.join(name), name).unwrap();
        }
        let list = format!("[migrations]\n\"(1.0.0, 1.1.0)\" = [{names}]\n");
        fs::write(folder.join("migrations.toml"), list).unwrap();
    };
    migrations(r#""one", "two""#);
    workshop.ok(&format!(
        "add {SIGNED} --image @1.0.0 --migrations @migrations"
    ));
    let targets = || {
        let entries = fs::read_dir(workshop.path("repository/targets")).unwrap();
        let names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
        names
            .filter(|n| n.ends_with("one-x86_64") || n.ends_with("two-x86_64"))
            .count()
    };
    assert_eq!(targets(), 2);
    workshop.ok("validate --repository @repository");
    // They are targets of later states, too.
    workshop.ok(&format!("refresh {SIGNED}"));
    workshop.ok(&format!(
        "add {SIGNED} --image @1.1.0 --migrations @migrations"
    ));
    assert!(workshop.manifest().contains(r#""(1.0.0, 1.1.0)": ["#));
    migrations(r#""two""#);
    workshop.image("1.2.0");
    let add = format!("add {SIGNED} --image @1.2.0 --migrations @migrations");
    workshop.refused(&add, "are published already, and are others: one, two");
    fs::write(
        workshop.path("migrations/migrations.toml"),
        "[migrations]\nx = 1",
    )
    .unwrap();
    workshop.refused(&add, "is no list of migrations");
}

#[test]
fn a_mirror_is_as_good() {
    let workshop = Workshop::with_repository();
    workshop.ok(&format!("add {SIGNED} --image @1.0.0"));
    for variant in ["", " --variant metal-dev"] {
        workshop.ok(&format!("mirror --repository @repository @copy{variant}"));
        assert_eq!(
            workshop.ok("validate --repository @copy"),
            "metal-dev x86_64 1.0.0\n"
        );
    }
    workshop.refused(
        "mirror --repository @repository @other --variant aws-dev",
        "nothing is offered to aws-dev",
    );
}

#[test]
fn a_repository_is_served() {
    use std::io::{BufRead, BufReader, Read, Write};
    let workshop = Workshop::with_repository();
    workshop.refused("serve --repository @nothing", "is no repository");
    let mut server = Command::new(env!("CARGO_BIN_EXE_publisher"))
        .args(["serve", "--listen", "127.0.0.1:0", "--repository"])
        .arg(workshop.path("repository"))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line.split('/').nth(2).unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = "GET /metadata/timestamp.json HTTP/1.1\r\nHost: x\r\nRange: bytes=1-\r\n\
                   Connection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 206 "), "{answer}");
    let whole = fs::read_to_string(workshop.path("repository/metadata/timestamp.json")).unwrap();
    assert!(answer.ends_with(&whole[1..]), "{answer}");
}
