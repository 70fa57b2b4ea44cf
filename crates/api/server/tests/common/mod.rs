//! A server in this process on a temporary socket, and a client for it.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use api_server::{Config, Server};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use settings_render::Declarations;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What settings are without anybody having set one.
pub fn defaults() -> Value {
    json!({"motd": "default", "ntp": {"time-servers": ["pool.example.com"]}})
}

/// What an image might declare.
pub fn declarations() -> Declarations {
    Declarations::new(json!({
        "settings": defaults(),
        "services": {
            "motd": {"configuration-files": ["motd"], "restart-commands": []},
            "ntp": {
                "configuration-files": ["timesyncd"],
                "restart-commands": ["systemctl try-restart systemd-timesyncd.service"],
            },
        },
        "configuration-files": {
            "motd": {"path": "/etc/motd", "template-path": "motd"},
            "timesyncd": {
                "path": "/etc/timesyncd.conf",
                "template-path": "timesyncd",
                "mode": "0600",
            },
        },
        "metadata": {"settings": {
            "motd": {"affected-services": ["motd"]},
            "ntp": {"affected-services": ["ntp"]},
            "network": {
                "hostname": {"setting-generator": "netdog generate-hostname"},
                "no-proxy": {
                    "setting-generator": {"command": "schnauzer", "strength": "weak"},
                    "template": "{{ settings.motd }}",
                },
            },
        }},
    }))
    .unwrap()
}

/// A folder with all that a server needs.
pub struct Node {
    pub folder: TempDir,
}

/// A server that runs.
pub struct Running {
    pub socket: PathBuf,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

/// What came back.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: String,
}

impl Answer {
    /// The body of an answer that must be good JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.content_type.as_deref(), Some("application/json"));
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Node {
    pub fn new() -> Node {
        let folder = tempfile::tempdir().unwrap();
        let os_release = "NAME=Bottlerocket\nPRETTY_NAME=\"Bottlerocket OS 1.2.3\"\n\
            VARIANT_ID=metal-dev\nVERSION_ID=1.2.3\nBUILD_ID=abcd1234\n";
        std::fs::write(folder.path().join("os-release"), os_release).unwrap();
        let variant =
            "platform = \"metal\"\nsettings = [\"motd\", \"kernel\", \"network\", \"ntp\"]\n";
        std::fs::write(folder.path().join("variant.toml"), variant).unwrap();
        Node { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> Config {
        Config {
            datastore: self.path("datastore"),
            os_release: self.path("os-release"),
            variant: self.path("variant.toml"),
            applier_socket: self.path("applier.sock"),
            updates: self.path("updates"),
            exec_socket: self.path("exec.sock"),
            logs_socket: self.path("logs.sock"),
            systemctl: "/bin/true".into(),
        }
    }

    pub fn start(&self) -> Running {
        self.start_with(self.config())
    }

    pub fn start_with(&self, config: Config) -> Running {
        let socket = self.path("api.sock");
        let _ = std::fs::remove_file(&socket);
        let listener = UnixListener::bind(&socket).unwrap();
        let server = Server::open_with(config, |_| Ok(declarations())).unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let shutdown = async { drop(stopped.await) };
            server.serve(listener, shutdown).await.unwrap();
        });
        Running {
            socket,
            stop,
            server,
        }
    }
}

impl Running {
    pub async fn stop(self) {
        drop(self.stop);
        self.server.await.unwrap();
    }

    /// Sends a request on a connection of its own. Each header is a name and a
    /// value.
    pub async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let stream = UnixStream::connect(&self.socket).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(target)
            .header("Host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let response = sender.send_request(request).await.unwrap();
        let header = response.headers().get("content-type");
        let content_type = header.map(|v| v.to_str().unwrap().to_owned());
        Answer {
            status: response.status().as_u16(),
            content_type,
            body: String::from_utf8(response.collect().await.unwrap().to_bytes().into()).unwrap(),
        }
    }

    pub async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], "").await
    }

    pub async fn post(&self, target: &str) -> Answer {
        self.send("POST", target, &[], "").await
    }

    /// A request with a JSON body.
    pub async fn with_json(&self, method: &str, target: &str, body: Value) -> Answer {
        self.send(method, target, JSON, body.to_string()).await
    }

    /// Stages a change that must be good.
    pub async fn patch(&self, target: &str, body: Value) {
        let answer = self.with_json("PATCH", target, body).await;
        assert_eq!(answer, nothing(StatusCode::NO_CONTENT));
    }
}

pub const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

pub const WANTS_JSON: (&str, &str) = ("Accept", "text/html, Application/JSON; q=0.5");

/// An answer without a body.
pub fn nothing(status: StatusCode) -> Answer {
    Answer {
        status: status.as_u16(),
        content_type: None,
        body: String::new(),
    }
}

/// A refusal in words.
pub fn refusal(status: u16, sentence: &str) -> Answer {
    Answer {
        status,
        content_type: Some("text/plain; charset=utf-8".into()),
        body: sentence.into(),
    }
}
