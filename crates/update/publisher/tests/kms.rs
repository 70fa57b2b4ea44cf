//! Repositories that are signed with keys in Amazon's Key Management Service: a server
//! that does what it does, with OpenSSL's keys.

#![cfg(feature = "aws-kms")]
#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_http_server::{Answer, FakeTcpServer, Request};
use serde_json::{Value, json};

/// How keys are made, what they are called there, and how OpenSSL signs like that.
struct Kind {
    made_by: &'static [&'static str],
    algorithm: &'static str,
    options: &'static [&'static str],
}

const ECDSA: Kind = Kind {
    made_by: &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    algorithm: "ECDSA_SHA_256",
    options: &[],
};
const RSA: Kind = Kind {
    made_by: &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    algorithm: "RSASSA_PSS_SHA_256",
    options: &[
        "-pkeyopt",
        "digest:sha256",
        "-pkeyopt",
        "rsa_padding_mode:pss",
        "-pkeyopt",
        "rsa_pss_saltlen:digest",
    ],
};

/// The service with one key, and who asks it.
struct Kms {
    folder: tempfile::TempDir,
    server: FakeTcpServer,
}

impl Kms {
    fn with(kind: &'static Kind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        let make = ["genpkey", "-out"].map(str::to_owned);
        let make = make.into_iter().chain([key.display().to_string()]);
        openssl(make.chain(kind.made_by.iter().map(|s| (*s).to_owned())));
        let server = FakeTcpServer::start(move |request| answer(request, &key, kind));
        Self { folder, server }
    }

    fn publisher(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_publisher"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SHARED_CREDENTIALS_FILE", "credentials")
            .env("AWS_REGION", "eu-central-1")
            .env(
                "AWS_ENDPOINT_URL_KMS",
                format!("http://{}", self.server.address()),
            );
        command
    }

    fn ok(&self, arguments: &[&str]) {
        common::ok(&mut self.publisher(arguments));
    }

    fn refused(&self, arguments: &[&str], reason: &str) {
        common::refused(&mut self.publisher(arguments), reason);
    }
}

fn answer(request: &Request, key: &Path, kind: &Kind) -> Answer {
    let signed_by = request.header("authorization").unwrap_or_default();
    if !signed_by.contains("Credential=AKIDEXAMPLE/") {
        let denied = r#"{"__type": "UnrecognizedClientException"}"#;
        return Answer::Status(400, denied.to_owned());
    }
    let question: Value = serde_json::from_str(&request.body).unwrap();
    if question["KeyId"] != "alias/root" {
        return Answer::Status(400, r#"{"__type": "NotFoundException"}"#.to_owned());
    }
    let answer = match request.header("x-amz-target").unwrap() {
        "TrentService.GetPublicKey" => json!({
            "PublicKey": STANDARD.encode(public(key)),
            "SigningAlgorithms": [kind.algorithm, "ECDSA_SHA_512"],
        }),
        "TrentService.Sign" => {
            assert_eq!(question["MessageType"], "DIGEST");
            assert_eq!(question["SigningAlgorithm"], kind.algorithm);
            let digest = STANDARD.decode(question["Message"].as_str().unwrap());
            json!({ "Signature": STANDARD.encode(sign(&digest.unwrap(), key, kind)) })
        }
        other => panic!("{other}"),
    };
    Answer::ok(answer.to_string())
}

fn public(key: &Path) -> Vec<u8> {
    let der = beside(key, "public.der");
    let (from, to) = (key.display().to_string(), der.display().to_string());
    let words = [
        "pkey", "-pubout", "-outform", "DER", "-in", &from, "-out", &to,
    ];
    openssl(words.map(str::to_owned));
    fs::read(der).unwrap()
}

fn sign(digest: &[u8], key: &Path, kind: &Kind) -> Vec<u8> {
    let [message, signature] = ["digest", "signature"].map(|name| beside(key, name));
    fs::write(&message, digest).unwrap();
    let [from, to, with] = [&message, &signature, &key.to_owned()].map(|p| p.display().to_string());
    let words = [
        "pkeyutl", "-sign", "-inkey", &with, "-in", &from, "-out", &to,
    ];
    openssl(
        words
            .iter()
            .chain(kind.options)
            .map(|word| (*word).to_owned()),
    );
    fs::read(signature).unwrap()
}

fn beside(key: &Path, name: &str) -> PathBuf {
    key.with_file_name(name)
}

fn openssl(words: impl IntoIterator<Item = String>) {
    let words: Vec<String> = words.into_iter().collect();
    let output = Command::new("openssl").args(&words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
}

#[test]
fn a_key_in_kms_signs_like_one_in_a_file() {
    for kind in [&ECDSA, &RSA] {
        let kms = Kms::with(kind);
        let key = "aws-kms:///alias/root";
        let signed = |verb| [verb, "--repository", "repository", "--key", key];
        let validate = ["validate", "--repository", "repository"];
        kms.ok(&signed("init"));
        kms.ok(&validate);
        kms.ok(&signed("refresh"));
        kms.ok(&validate);
    }
}

#[test]
fn what_kms_does_not_give_is_said() {
    let kms = Kms::with(&ECDSA);
    let init = |key: &str, reason: &str| {
        let arguments = ["init", "--repository", "repository", "--key", key];
        kms.refused(&arguments, reason);
    };
    init("aws-kms:///alias/other", "NotFoundException");
    init(
        "aws-kms://other/alias/root",
        "no credentials of the profile other",
    );
    let file = "[other]\naws_access_key_id = OTHER\naws_secret_access_key = secret\n";
    fs::write(kms.folder.path().join("credentials"), file).unwrap();
    init("aws-kms://other/alias/root", "UnrecognizedClientException");
    kms.refused(&["key", "aws-kms:///alias/root"], "create-key");
    assert!(!kms.folder.path().join("repository").exists());

    let useless = Kind {
        algorithm: "ECDSA_SHA_384",
        ..ECDSA
    };
    let kms = Kms::with(Box::leak(Box::new(useless)));
    let arguments = [
        "init",
        "--repository",
        "repository",
        "--key",
        "aws-kms:///alias/root",
    ];
    kms.refused(&arguments, "does not sign as it must");
}
