//! Updates: what the updater is asked, and what is told of its work.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::fs::{self, File};

use common::{Node, WANTS_JSON, nothing};
use hyper::StatusCode;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;

/// An updater that takes one request and answers with a line.
async fn updater(listener: &UnixListener, answer: &str) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    stream.write_all(answer.as_bytes()).await.unwrap();
    line
}

#[tokio::test]
async fn actions_are_passed_on_and_refusals_have_their_codes() {
    let node = Node::new();
    fs::create_dir(node.path("updates")).unwrap();
    let listener = UnixListener::bind(node.path("updates/socket")).unwrap();
    let server = node.start();
    for (path, name) in [
        ("refresh-updates", "refresh\n"),
        ("prepare-update", "prepare\n"),
        ("activate-update", "activate\n"),
        ("deactivate-update", "deactivate\n"),
        ("rollback-update", "rollback\n"),
    ] {
        let target = format!("/actions/{path}");
        let (answer, asked) =
            tokio::join!(server.post(&target), updater(&listener, "{\"code\": 0}\n"));
        assert_eq!(answer, nothing(StatusCode::NO_CONTENT));
        assert_eq!(asked, name);
    }
    for (code, status) in [(64, 423), (65, 409), (66, 404), (67, 404), (1, 500)] {
        let line = format!("{{\"code\": {code}, \"message\": \"no; hint: so\"}}\n");
        let headers = &[WANTS_JSON];
        let (answer, _) = tokio::join!(
            server.send("POST", "/actions/prepare-update", headers, ""),
            updater(&listener, &line)
        );
        assert_eq!(answer.status, status);
        assert_eq!(answer.body, r#"{"error":"no","hint":"so"}"#);
    }
    for line in ["", "x", "{\"code\": 900}"] {
        let (answer, _) = tokio::join!(
            server.post("/actions/refresh-updates"),
            updater(&listener, line)
        );
        assert_eq!(answer.status, 500, "{line}");
        assert!(answer.body.starts_with("failed to reach the updater: "));
    }
}

#[tokio::test]
async fn the_status_is_that_of_the_last_action_and_waits_for_its_end() {
    let node = Node::new();
    let server = node.start();
    assert_eq!(server.get("/updates/status").await.status, 404);
    assert_eq!(
        server.get("/updates/progress").await.json(),
        json!({"running": false})
    );

    fs::create_dir(node.path("updates")).unwrap();
    let lock = File::create(node.path("updates/lock")).unwrap();
    fs::write(
        node.path("updates/status.json"),
        r#"{"update_state": "Idle"}"#,
    )
    .unwrap();
    lock.lock().unwrap();
    assert_eq!(server.get("/updates/status").await.status, 423);
    assert_eq!(
        server.get("/updates/progress").await.json(),
        json!({"running": true})
    );
    let download = r#"{"version": "1.1.0", "done": 1, "total": 2}"#;
    fs::write(node.path("updates/progress.json"), download).unwrap();
    assert_eq!(
        server.get("/updates/progress").await.json()["download"]["done"],
        1
    );

    lock.unlock().unwrap();
    assert_eq!(
        server.get("/updates/status").await.json(),
        json!({"update_state": "Idle"})
    );
    fs::write(node.path("updates/status.json"), "{").unwrap();
    let answer = server.get("/updates/status").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("status.json is damaged: "),
        "{answer:?}"
    );
}

#[tokio::test]
async fn no_updater_is_told() {
    let node = Node::new();
    let server = node.start();
    let answer = server.post("/actions/refresh-updates").await;
    assert_eq!(answer.status, 500);
    assert!(answer.body.starts_with("failed to reach the updater: "));
}
