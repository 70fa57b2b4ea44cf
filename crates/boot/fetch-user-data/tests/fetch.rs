//! Servers that have user data, and others.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use fake_http_server::{Answer, FakeTcpServer};
use fetch_user_data::fetch;
use instance_metadata::Patience;
use pinned_url::PinnedUrl;

const DOCUMENT: &str = "[settings]\nmotd = \"hello\"\n";

const PATIENCE: Patience = Patience {
    limit: Duration::from_secs(2),
    attempt: Duration::from_millis(500),
};

fn pinned(server: &FakeTcpServer, document: &str) -> String {
    let url = format!("http://{}/node.toml", server.address());
    let pinned = PinnedUrl::of(&url, document.as_bytes());
    pinned.unwrap().to_string()
}

fn ask(address: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fetched = runtime.block_on(fetch(address, PATIENCE))?;
    Ok(String::from_utf8(fetched).unwrap())
}

#[test]
fn a_document_is_fetched_when_the_server_is_ready() {
    let mut unready = 2;
    let server = FakeTcpServer::start(move |_| match unready {
        0 => Answer::ok(DOCUMENT),
        _ => {
            unready -= 1;
            Answer::Status(503, String::new())
        }
    });
    assert_eq!(ask(&pinned(&server, DOCUMENT)).unwrap(), DOCUMENT);
    assert_eq!(server.lines(), ["GET /node.toml"; 3]);
}

#[test]
fn what_is_something_else_is_not_taken() {
    for (answer, reason) in [
        (Answer::ok("[settings]\n"), "has the SHA-256"),
        (Answer::Status(404, DOCUMENT.to_owned()), "answers 404"),
        (
            Answer::Status(500, DOCUMENT.to_owned()),
            "in 2 s: the server answers 500",
        ),
        (Answer::Bytes(b"hello\r\n\r\n".to_vec()), "in 2 s: "),
        (Answer::Bytes(Vec::new()), "in 2 s: "),
        (
            Answer::ok(" ".repeat((1 << 20) + 1)),
            "more than 1048576 bytes",
        ),
    ] {
        let server = FakeTcpServer::start(move |_| answer.clone());
        let error = ask(&pinned(&server, DOCUMENT)).unwrap_err();
        assert!(error.contains(reason), "{error}");
    }
    let error = ask("http://127.0.0.1/node.toml").unwrap_err();
    assert!(error.contains("no digest"), "{error}");
}

#[test]
fn it_leaves_the_document_or_the_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = FakeTcpServer::start(|request| match request.target.as_str() {
        "/node.toml" => Answer::ok(DOCUMENT),
        _ => Answer::Status(404, String::new()),
    });
    let run = |address: &str| {
        fs::write(path("address"), address).unwrap();
        let words = [
            "fetch-user-data",
            "--to",
            "found",
            "--problem",
            "problem",
            "address",
        ];
        let words = words.map(|word| match word {
            "found" | "problem" | "address" => path(word).into(),
            other => other.into(),
        });
        fetch_user_data::main(words.into())
    };
    let address = pinned(&server, DOCUMENT);
    assert_eq!(run(&format!("{address}\n")), ExitCode::SUCCESS);
    assert_eq!(fs::read_to_string(path("found")).unwrap(), DOCUMENT);
    assert!(!path("problem").exists());
    assert_eq!(run(&address.replace("node", "other")), ExitCode::SUCCESS);
    let problem = fs::read_to_string(path("problem")).unwrap();
    assert!(problem.contains("answers 404"), "{problem}");
}
