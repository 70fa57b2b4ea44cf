//! Repositories that are signed with keys in a token (SoftHSM).

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PIN: &str = "4711";

/// A token of its own, and what is signed with it.
struct Token {
    folder: tempfile::TempDir,
    module: PathBuf,
}

impl Token {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens = folder.path().join("tokens");
        fs::create_dir(&tokens).unwrap();
        let conf = format!("directories.tokendir = {}\n", tokens.display());
        fs::write(folder.path().join("softhsm2.conf"), conf).unwrap();
        fs::write(folder.path().join("pin"), format!("{PIN}\n")).unwrap();
        let module = ["/usr/lib/softhsm", "/usr/lib64/pkcs11", "/usr/lib/pkcs11"]
            .map(|folder| Path::new(folder).join("libsofthsm2.so"))
            .into_iter()
            .find(|path| path.exists());
        let token = Self {
            folder,
            module: module.expect("SoftHSM is needed; hint: apt-get install softhsm2"),
        };
        let output = token
            .command("softhsm2-util")
            .args(["--init-token", "--free", "--label", "release"])
            .args(["--pin", PIN, "--so-pin", PIN])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        token
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf"));
        command.current_dir(self.folder.path());
        command
    }

    fn key(&self, name: &str) -> String {
        let pin = self.folder.path().join("pin");
        format!(
            "{}&pin-source=file:{}",
            self.locked_key(name),
            pin.display()
        )
    }

    /// A key that nobody says the PIN of.
    fn locked_key(&self, name: &str) -> String {
        let module = self.module.display();
        format!("pkcs11:token=release;object={name}?module-path={module}")
    }

    fn publisher(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_publisher"));
        command.args(arguments);
        command
    }

    fn ok(&self, arguments: &[&str]) {
        common::ok(&mut self.publisher(arguments));
    }

    fn refused(&self, arguments: &[&str], reason: &str) {
        let errors = common::refused(&mut self.publisher(arguments), reason);
        assert!(!errors.contains(PIN), "{errors}");
    }

    /// Makes a repository with a key from elsewhere, for what cannot be made
    /// by the program.
    fn init(&self, keys: &[&str]) {
        let keys = keys.iter().flat_map(|key| ["--key", key]);
        let arguments = ["init", "--repository", "repository"];
        self.ok(&arguments.into_iter().chain(keys).collect::<Vec<_>>());
        self.ok(&["validate", "--repository", "repository"]);
    }
}

#[test]
fn a_key_in_a_token_signs_like_one_in_a_file() {
    let token = Token::new();
    let (root, file) = (token.key("root"), "file.key");
    token.ok(&["key", &root]);
    token.ok(&["key", file]);
    token.init(&[&root, file]);
    token.ok(&["refresh", "--repository", "repository", "--key", &root]);
    token.ok(&["validate", "--repository", "repository"]);
}

#[test]
fn an_ed25519_key_that_the_token_holds_signs_too() {
    let token = Token::new();
    // Made elsewhere: the program makes others.
    let pem = token.folder.path().join("ed25519.pem");
    let made = token
        .command("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(&pem)
        .status()
        .unwrap();
    assert!(made.success());
    let imported = token
        .command("softhsm2-util")
        .args([
            "--token", "release", "--pin", PIN, "--label", "ed", "--id", "01",
        ])
        .arg("--import")
        .arg(&pem)
        .output()
        .unwrap();
    assert!(imported.status.success(), "{imported:?}");
    token.init(&[&token.key("ed")]);
}

#[test]
fn what_the_token_does_not_give_is_said() {
    let token = Token::new();
    let root = token.key("root");
    token.ok(&["key", &root]);
    token.refused(&["key", &root], "such a key already");
    let init = |key: &str, reason: &str| {
        let arguments = ["init", "--repository", "other", "--key", key];
        token.refused(&arguments, reason);
    };
    init(&token.key("unknown"), "no such key");
    init(&token.locked_key("root"), "needs a PIN");
    init(
        &root.replace("token=release", "token=other"),
        "no such token",
    );
    init(&root.replace("libsofthsm2", "missing"), "module-path");
    let wrong = token.folder.path().join("wrong");
    fs::write(&wrong, "0000").unwrap();
    let (uri, _) = root.rsplit_once("file:").unwrap();
    init(
        &format!("{uri}file:{}", wrong.display()),
        "failed to log in",
    );
    assert!(!token.folder.path().join("other").exists());
}
