//! The library against a server that answers well, badly, or not at all.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::os::unix::net::UnixListener;
use std::time::Duration;

use apiclient::{Client, Error, Layer};
use fake_http_server::{Answer, FakeServer};
use serde_json::{Value, json};

fn ask(answer: Answer) -> Result<Value, Error> {
    let server = FakeServer::start(move |_| answer.clone());
    Client::new(server.socket()).get("/settings?keys=motd")
}

#[test]
fn requests_are_what_the_api_expects() {
    let server = FakeServer::start(|request| match request.method.as_str() {
        "POST" => Answer::ok(r#"["settings.motd"]"#),
        _ => Answer::nothing(),
    });
    let client = Client::new(server.socket());
    let settings = json!({"motd": "é\n"});
    client.patch_settings(&settings, "a b", Layer::Api).unwrap();
    client
        .patch_settings(&settings, "t", Layer::UserData)
        .unwrap();
    assert_eq!(client.commit("t").unwrap(), ["settings.motd"]);
    assert_eq!(client.commit_and_apply("t").unwrap(), ["settings.motd"]);
    client.drop_transaction("t").unwrap();
    client.report_problem("me", "why").unwrap();
    assert_eq!(
        server.lines(),
        [
            "PATCH /settings?tx=a%20b",
            "PATCH /settings?tx=t&layer=user-data",
            "POST /tx/commit?tx=t",
            "POST /tx/commit_and_apply?tx=t",
            "DELETE /tx?tx=t",
            "POST /status/problem",
        ]
    );
    let requests = server.requests();
    assert_eq!(requests[0].body, settings.to_string());
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert_eq!(requests[0].header("accept"), Some("application/json"));
    assert_eq!(requests[2].header("content-type"), None);
    assert_eq!(
        requests[5].body,
        json!({"source": "me", "message": "why"}).to_string()
    );
}

#[test]
fn answers_are_told_apart() {
    assert_eq!(
        ask(Answer::ok(r#"{"motd":"hi"}"#)).unwrap(),
        json!({"motd": "hi"})
    );
    let cases = [
        (
            "a refusal",
            Answer::Status(400, r#"{"error":"settings.a: bad","hint":"h"}"#.to_owned()),
            "settings.a: bad (GET /settings: status 400)",
        ),
        (
            "not JSON",
            Answer::ok("hi"),
            "the answer to GET /settings is not the expected JSON: expected value at line 1 column 1",
        ),
        (
            "no body",
            Answer::nothing(),
            "the answer to GET /settings is not the expected JSON: EOF while parsing a value at \
             line 1 column 0",
        ),
        (
            "hangs up",
            Answer::Bytes(vec![]),
            "GET /settings was not answered: connection closed before message completed",
        ),
        (
            "hangs up in the middle",
            Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}".to_vec()),
            "GET /settings was not answered: ",
        ),
        (
            "not HTTP",
            Answer::Bytes(b"SSH-2.0-OpenSSH_10.0\r\n\r\n".to_vec()),
            "GET /settings was not answered: invalid HTTP version parsed",
        ),
        (
            "endless",
            Answer::Bytes(
                [
                    b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
                    vec![b' '; 65 * 1024 * 1024],
                ]
                .concat(),
            ),
            "GET /settings was not answered: length limit exceeded",
        ),
    ];
    for (name, answer, message) in cases {
        let error = ask(answer).unwrap_err().to_string();
        assert!(error.starts_with(message), "{name}: {error}");
    }
}

#[test]
fn a_silent_server_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("api.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let client = Client::new(&socket).with_timeout(Duration::from_millis(50));
    let error = client.settings().unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET /settings was not answered within 0.05 s"
    );
    drop(listener);
    let error = client.settings().unwrap_err();
    assert!(
        error.to_string().contains("/api.sock: Connection refused"),
        "{error}"
    );
    assert_eq!(error.hint(), Some("the API server is not running"));
    assert_eq!(error.status(), None);
}

#[test]
fn what_is_not_http_is_not_sent() {
    let client = Client::new("/nonexistent");
    for (method, uri) in [("GET", "no space\u{7f}"), ("G E T", "/"), ("", "/")] {
        let error = client.send(method, uri, None).unwrap_err();
        assert!(matches!(error, Error::Request { .. }), "{error}");
    }
}
