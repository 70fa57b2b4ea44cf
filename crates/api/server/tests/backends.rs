//! What others do for the server: commands in containers, and reports.

mod common;

use common::Node;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

const HANDSHAKE: &str = "GET /exec HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test]
async fn a_websocket_is_handed_over_byte_by_byte() {
    let node = Node::new();
    let listener = UnixListener::bind(node.path("exec.sock")).unwrap();
    let server = node.start();
    let session = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        let mut key = String::new();
        stream.read_line(&mut key).await.unwrap();
        // What follows the answer at once is for the client, too.
        stream.write_all(b"accepted\nfirst ").await.unwrap();
        let mut said = [0; 4];
        stream.read_exact(&mut said).await.unwrap();
        stream.write_all(&said).await.unwrap();
        key
    });
    let mut client = UnixStream::connect(node.path("api.sock")).await.unwrap();
    client.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    client.write_all(b"echo").await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    let (head, rest) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains("sec-websocket-accept: accepted"), "{head}");
    assert_eq!(rest, "first echo");
    assert_eq!(session.await.unwrap(), "dGhlIHNhbXBsZSBub25jZQ==\n");
    server.stop().await;
}

#[tokio::test]
async fn who_asks_for_no_websocket_or_has_nobody_behind_it_is_told() {
    let node = Node::new();
    let server = node.start();
    let plain = server.get("/exec").await;
    assert_eq!(plain.status, 400);
    assert!(plain.body.contains("apiclient exec"), "{}", plain.body);
    let mut client = UnixStream::connect(node.path("api.sock")).await.unwrap();
    client.write_all(HANDSHAKE.as_bytes()).await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("container runtime"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn logs_are_passed_on() {
    let node = Node::new();
    let server = node.start();
    let absent = server.get("/report/logs").await;
    assert_eq!(absent.status, 500);
    let listener = UnixListener::bind(node.path("logs.sock")).unwrap();
    let logdog = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"an archive").await.unwrap();
    };
    let (answer, ()) = tokio::join!(server.get("/report/logs"), logdog);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.content_type.as_deref(), Some("application/gzip"));
    assert_eq!(answer.body, "an archive");
    let list = server.get("/report").await;
    assert!(list.body.contains("\"name\":\"logs\""), "{}", list.body);
    server.stop().await;
}
