//! User data over https: from a server of the test's own, with a certificate
//! that only the test vouches for.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const USER_DATA: &str = "[settings]\nmotd = \"over the network\"\n";

/// Answers any request for `/user-data` with user data, for `/away` with a
/// redirection to it, and for `/down` with one that is not encrypted.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
        let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    // A client that does not trust it hangs up.
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        continue;
                    };
                    let mut request = vec![0; 4096];
                    let length = stream.read(&mut request).await.unwrap_or(0);
                    let request = String::from_utf8_lossy(&request[..length]).into_owned();
                    let path = request.split(' ').nth(1).unwrap_or_default();
                    let _ = stream
                        .write_all(answer(path.split('?').next().unwrap_or(path), port).as_bytes())
                        .await;
                    let _ = stream.shutdown().await;
                }
            });
        });
        Server { folder, port }
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }
}

fn answer(path: &str, port: u16) -> String {
    let redirection = |target: &str| {
        format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n")
    };
    match path {
        "/user-data" => format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{USER_DATA}",
            USER_DATA.len()
        ),
        "/away" => redirection("/user-data"),
        "/round" => redirection("/round"),
        "/down" => redirection(&format!("http://localhost:{port}/user-data")),
        "/large" => format!("HTTP/1.1 200 OK\r\n\r\n{}", "#".repeat(1024 * 1024 + 1)),
        _ => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    }
}

/// `validate` reads as `apply` does.
fn validate(source: &str, certificate: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_apiclient"))
        .args(["validate", source, "--variant", "metal-dev"])
        .env("SSL_CERT_FILE", certificate)
        .env_remove("SSL_CERT_DIR")
        .env("NO_PROXY", "*")
        .output()
        .unwrap()
}

#[test]
fn documents_are_read_from_servers_that_can_be_trusted() {
    let server = Server::start();
    for path in ["/user-data", "/away", "/user-data?signature=secret"] {
        let output = validate(&server.url(path), &server.certificate());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{path}: {said}");
        assert!(!said.contains("secret"), "{said}");
    }
    for (path, reason) in [
        ("/none", "was answered with status 404 Not Found"),
        ("/down", "which is not encrypted"),
        (
            "/round",
            "was reached over 5 redirections, and is one itself",
        ),
        ("/large", "length limit exceeded"),
    ] {
        let output = validate(&server.url(path), &server.certificate());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{path}: {said}");
        assert!(
            said.starts_with("error: ") && said.contains(reason),
            "{path}: {said}"
        );
    }
}

#[test]
fn nobody_else_is_believed() {
    let (server, other) = (Server::start(), Server::start());
    let output = validate(&server.url("/user-data"), &other.certificate());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let start = "error: failed to set up an encrypted connection to localhost: ";
    assert!(said.starts_with(start), "{said}");
    // The certificate is for a name, not for the address behind it.
    let url = server.url("/user-data").replace("localhost", "127.0.0.1");
    let output = validate(&url, &server.certificate());
    assert_eq!(output.status.code(), Some(1));
}
