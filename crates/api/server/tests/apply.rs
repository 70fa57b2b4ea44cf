//! Handing changes to the settings applier, and what becomes of its answer.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::ErrorKind;
use std::time::Duration;

use common::{Node, Running, nothing};
use hyper::StatusCode;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// An applier that takes one request, and returns it after it has answered.
async fn applier(listener: &UnixListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = String::new();
    stream.read_to_string(&mut request).await.unwrap();
    match stream.write_all(answer.as_bytes()).await {
        // Nobody wants to hear all of too long an answer.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => {}
        result => result.unwrap(),
    }
    request
}

/// Waits until the server has heard the answer to its last request.
async fn status(server: &Running, keys: &Value) -> Value {
    for _ in 0..1000 {
        let status = server.get("/status").await.json();
        if status["last-apply"]["keys"] == *keys {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the answer did not arrive");
}

#[tokio::test]
async fn keys_are_passed_on_and_the_answer_is_kept() {
    let node = Node::new();
    let listener = UnixListener::bind(node.path("applier.sock")).unwrap();
    let server = node.start();
    assert_eq!(
        server.get("/status").await.json(),
        json!({
            "degraded": false,
            "reasons": [],
            "generation": 0,
            "last-apply": null,
            "stage": "starting",
            "variant": "metal-dev",
            "version": "1.2.3",
        })
    );
    server
        .patch("/settings", json!({"ntp": {"options": []}, "motd": "a"}))
        .await;

    let good = r#"{"files":[{"path":"/etc/motd","changed":true,"error":null}],"services":[]}"#;
    let (answer, request) = tokio::join!(
        server.post("/tx/commit_and_apply"),
        applier(&listener, good)
    );
    let keys = json!(["settings.motd", "settings.ntp.options"]);
    assert_eq!(answer.json(), keys);
    assert_eq!(
        request,
        "{\"keys\":[\"settings.motd\",\"settings.ntp.options\"]}\n"
    );
    let found = status(&server, &keys).await;
    assert_eq!(
        (&found["degraded"], &found["generation"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(found["last-apply"]["files"][0]["path"], "/etc/motd");
    assert!(found["last-apply"]["time"].as_str().unwrap().ends_with('Z'));

    let bad = r#"{"files":[],"services":[{"name":"ntp","restarted":false,"error":"exit 1"}]}"#;
    let target = "/tx/apply?keys=settings.motd,ntp";
    let (answer, request) = tokio::join!(server.post(target), applier(&listener, bad));
    assert_eq!(answer, nothing(StatusCode::NO_CONTENT));
    assert_eq!(request, "{\"keys\":[\"settings.motd\",\"settings.ntp\"]}\n");
    let found = status(&server, &json!(["settings.motd", "settings.ntp"])).await;
    assert_eq!(found["degraded"], true);
    assert_eq!(
        found["reasons"],
        json!(["failed to apply settings: service ntp: exit 1"])
    );

    let (answer, request) = tokio::join!(server.post("/tx/apply"), applier(&listener, "{}"));
    assert_eq!(answer, nothing(StatusCode::NO_CONTENT));
    assert_eq!(request, "{\"keys\":null}\n");
}

#[tokio::test]
async fn an_applier_that_fails_makes_the_node_degraded() {
    let too_long = format!("{{\"files\":\"{}\"}}", "a".repeat(1024 * 1024));
    for (name, answer, error) in [
        ("no answer", "", "it ended without an answer"),
        ("no object", "[]", "its answer is not an object"),
        (
            "torn",
            "{\"files\":",
            "failed to read its answer: invalid JSON: EOF while parsing a value at line 1 column 9",
        ),
        ("endless", &too_long, "its answer is too long"),
        (
            "its own error",
            "{\"error\":\"no templates\"}",
            "no templates",
        ),
    ] {
        let node = Node::new();
        let listener = UnixListener::bind(node.path("applier.sock")).unwrap();
        let server = node.start();
        let (posted, _) = tokio::join!(
            server.post("/tx/apply?keys=motd"),
            applier(&listener, answer)
        );
        assert_eq!(posted, nothing(StatusCode::NO_CONTENT), "{name}");
        let found = status(&server, &json!(["settings.motd"])).await;
        let reason = format!("failed to apply settings: the settings applier: {error}");
        assert_eq!(found["reasons"], json!([reason]), "{name}");
        assert_eq!(found["last-apply"]["error"], error, "{name}");
    }
}

#[tokio::test]
async fn no_applier_is_an_error_after_the_commit() {
    let node = Node::new();
    let server = node.start();
    let answer = server.post("/tx/apply").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("applier.sock: No such file"),
        "{}",
        answer.body
    );
    server.patch("/settings", json!({"motd": "a"})).await;
    let answer = server.post("/tx/commit_and_apply").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer
            .body
            .starts_with("the settings are committed, but not applied: "),
        "{}",
        answer.body
    );
    assert_eq!(
        server.get("/settings?keys=motd").await.json(),
        json!({"motd": "a"})
    );
    let answer = server.post("/tx/apply?keys=").await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_what_it_started() {
    let node = Node::new();
    let listener = UnixListener::bind(node.path("applier.sock")).unwrap();
    let server = node.start();
    for n in 0..20 {
        server
            .patch("/settings", json!({"motd": n.to_string()}))
            .await;
        let mut stream = tokio::net::UnixStream::connect(&server.socket)
            .await
            .unwrap();
        let request = b"POST /tx/commit_and_apply HTTP/1.1\r\n\r\n";
        stream.write_all(request).await.unwrap();
        drop(stream);
        let request = applier(&listener, "{}").await;
        assert_eq!(request, "{\"keys\":[\"settings.motd\"]}\n");
    }
}
