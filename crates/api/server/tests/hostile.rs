//! Clients that send too much, too little, nonsense, or all at once.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{JSON, Node, Running, refusal};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Sends bytes as they are and returns what comes back until the end.
async fn raw(server: &Running, bytes: &[u8]) -> String {
    let mut stream = UnixStream::connect(&server.socket).await.unwrap();
    // The server may hang up on nonsense before it has read all of it.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn nonsense_does_not_disturb_others() {
    let node = Node::new();
    let server = node.start();
    let head = "PATCH /settings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
    for (name, bytes, start) in [
        ("nothing", Vec::new(), ""),
        (
            "binary",
            vec![0, 159, 146, 150, 13, 10, 13, 10],
            "HTTP/1.1 400 ",
        ),
        ("no HTTP", b"hello\r\n\r\n".to_vec(), "HTTP/1.1 400 "),
        ("half a head", b"GET /settings HTTP/1.1\r\nHo".to_vec(), ""),
        (
            "endless head",
            [b"GET / HTTP/1.1\r\nA: ".to_vec(), vec![b'a'; 1 << 20]].concat(),
            "HTTP/1.1 431 ",
        ),
        (
            "endless path",
            [
                b"GET /".to_vec(),
                vec![b'a'; 1 << 20],
                b" HTTP/1.1\r\n\r\n".to_vec(),
            ]
            .concat(),
            "HTTP/1.1 4",
        ),
        (
            "negative length",
            format!("{head}Content-Length: -1\r\n\r\n{{}}").into(),
            "HTTP/1.1 400 ",
        ),
        (
            "two lengths",
            format!("{head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}").into(),
            "HTTP/1.1 400 ",
        ),
        (
            "short body",
            format!("{head}Content-Length: 20\r\n\r\n{{\"motd\":").into(),
            "",
        ),
        (
            "chunks",
            format!("{head}Transfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n").into(),
            "HTTP/1.1 204 ",
        ),
        (
            "bad chunk",
            format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n").into(),
            "HTTP/1.1 4",
        ),
        (
            "two requests",
            b"GET /os HTTP/1.1\r\n\r\nGET /os HTTP/1.1\r\n\r\n".to_vec(),
            "HTTP/1.1 200 ",
        ),
    ] {
        let answer = raw(&server, &bytes).await;
        assert!(answer.starts_with(start), "{name}: {answer}");
        assert_eq!(
            server.get("/settings").await.json(),
            common::defaults(),
            "{name}"
        );
    }
    assert_eq!(server.get("/tx/list").await.json(), json!([]));
}

#[tokio::test]
async fn bodies_are_bounded() {
    let node = Node::new();
    let server = node.start();
    let largest = format!("{{}}{}", " ".repeat(1024 * 1024 - 2));
    let answer = server
        .send("PATCH", "/settings", JSON, largest.clone())
        .await;
    assert_eq!(answer.status, 204, "{answer:?}");
    // On any path: it is not even looked at.
    for target in ["/settings", "/nothing"] {
        let answer = server
            .send("PATCH", target, JSON, format!("{largest} "))
            .await;
        assert_eq!(answer, refusal(413, "the body has more than 1048576 bytes"));
    }
    // Enough settings to fill more than the store takes.
    let options: Vec<String> = vec!["a".repeat(4096); 255];
    let answer = server
        .with_json("PATCH", "/settings", json!({"ntp": {"options": options}}))
        .await;
    assert_eq!(answer.status, 204, "{answer:?}");
    let answer = server
        .with_json("PATCH", "/settings", json!({"motd": "a".repeat(40_000)}))
        .await;
    assert_eq!(answer.status, 413, "{answer:?}");
}

#[tokio::test]
async fn hostile_json_is_refused_or_harmless() {
    let node = Node::new();
    let server = node.start();
    for (name, body, status) in [
        ("deep lists", vec![b'['; 1 << 20], 400),
        ("deep objects", b"{\"a\":".repeat(100_000), 400),
        (
            "deep and closed",
            [b"[".repeat(1000), b"]".repeat(1000)].concat(),
            400,
        ),
        ("not UTF-8", b"{\"motd\": \"\xff\"}".to_vec(), 400),
        ("byte order mark", "\u{feff}{}".into(), 400),
        ("null", b"null".to_vec(), 400),
        ("scalar", b"\"motd\"".to_vec(), 400),
        ("huge number", b"{\"motd\": 1e400}".to_vec(), 400),
        ("null character", b"{\"motd\": \"\\u0000\"}".to_vec(), 400),
        ("empty name", b"{\"\": 1}".to_vec(), 400),
        (
            "names of the language",
            b"{\"__proto__\": {}, \"constructor\": {}}".to_vec(),
            400,
        ),
        (
            "path",
            b"{\"kernel\": {\"sysctl\": {\"../../etc/passwd\": \"1\"}}}".to_vec(),
            400,
        ),
        (
            "another line",
            b"{\"kernel\": {\"sysctl\": {\"a\": \"1\\nb = 2\"}}}".to_vec(),
            400,
        ),
        (
            "duplicate deep down",
            b"{\"kernel\": {\"sysctl\": {\"a\": \"1\", \"a\": \"2\"}}}".to_vec(),
            400,
        ),
        (
            "all not set",
            b"{\"motd\": null, \"kernel\": {\"sysctl\": {}}}".to_vec(),
            204,
        ),
    ] {
        let answer = server.send("PATCH", "/settings", JSON, body).await;
        assert_eq!(answer.status, status, "{name}: {answer:?}");
        assert!(answer.body.len() < 4096, "{name}");
        assert!(!answer.body.contains('\u{0}'), "{name}");
    }
    assert_eq!(server.get("/tx/list").await.json(), json!([]));
}

/// Bodies near to good ones: each is refused, or found again as it was sent.
#[tokio::test]
async fn random_bodies_are_refused_or_kept() {
    let node = Node::new();
    let server = node.start();
    // The same bodies each time.
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let text = prop_oneof![
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("{}".to_owned()),
        "\"[a-z0-9.\\-]{0,8}\"",
        "[0-9]{1,3}",
        r#"\["[a-z./: ]{0,8}"(,"[a-z]{1,3}")?\]"#,
        r#"\{"[a-z./"\\]{1,6}":"[a-z0-9\t]{0,4}"\}"#,
        "[\\[\\]{}:,\"a1]{0,6}",
    ];
    let name = prop_oneof![
        6 => prop::sample::select(vec!["motd", "ntp", "kernel", "network"]).prop_map(str::to_owned),
        1 => "[a-z\"]{0,6}",
    ];
    let inner = prop::sample::select(vec!["time-servers", "options", "sysctl", "hostname"]);
    let member = (name, inner, text, any::<bool>()).prop_map(|(name, inner, text, nested)| {
        if nested {
            format!("\"{name}\":{{\"{inner}\":{text}}}")
        } else {
            format!("\"{name}\":{text}")
        }
    });
    let bodies = prop::collection::vec(member, 0..3)
        .prop_map(|members| format!("{{{}}}", members.join(",")));
    let mut outcomes = [0, 0];
    for _ in 0..600 {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        let answer = server
            .send("PATCH", "/settings?tx=random", JSON, body.clone())
            .await;
        match answer.status {
            204 => {
                outcomes[0] += 1;
                let mut sent: Value = serde_json::from_str(&body).unwrap();
                settings_model::tree::prune(&mut sent);
                let staged = server.get("/tx?tx=random").await.json();
                assert_eq!(staged, sent, "{body}");
                server.send("DELETE", "/tx?tx=random", &[], "").await.json();
            }
            400 => {
                outcomes[1] += 1;
                assert!(!answer.body.is_empty(), "{body}");
                assert_eq!(server.get("/tx?tx=random").await.json(), json!({}));
            }
            other => panic!("{other}: {body}"),
        }
    }
    assert!(outcomes.iter().all(|n| *n > 50), "{outcomes:?}");
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made() {
    let node = Node::new();
    let server = node.start();
    let changes = (0..16).map(|n| {
        let server = &server;
        async move {
            let name = format!("a.b{n}");
            for round in 0..3 {
                let value = json!({"kernel": {"sysctl": {name.clone(): round.to_string()}}});
                server.patch(&format!("/settings?tx=t{n}"), value).await;
                let committed = server.post(&format!("/tx/commit?tx=t{n}")).await.json();
                assert_eq!(
                    committed,
                    json!([format!("settings.kernel.sysctl.\"{name}\"")])
                );
            }
        }
    });
    futures_join(changes).await;
    let settings = server.get("/settings").await.json();
    for n in 0..16 {
        assert_eq!(settings["kernel"]["sysctl"][format!("a.b{n}")], "2");
    }
    assert_eq!(server.get("/status").await.json()["generation"], 48);

    // Of many that commit one transaction, one does.
    server
        .patch("/settings?tx=one", json!({"motd": "once"}))
        .await;
    let outcomes = std::sync::Mutex::new(Vec::new());
    futures_join((0..16).map(|_| async {
        let status = server.post("/tx/commit?tx=one").await.status;
        outcomes.lock().unwrap().push(status);
    }))
    .await;
    let mut outcomes = outcomes.into_inner().unwrap();
    outcomes.sort_unstable();
    assert_eq!(outcomes, [&[200][..], &[422; 15]].concat());
}

/// Runs futures at the same time, to the end of all.
async fn futures_join<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        futures.retain_mut(|f| f.as_mut().poll(context).is_pending());
        if futures.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}
