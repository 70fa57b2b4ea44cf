//! What comes in.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE};
use hyper::upgrade::OnUpgrade;
use hyper::{HeaderMap, Method, StatusCode};
use selinux::SecurityContext;
use serde_json::Value;
use settings_model::Key;
use settings_store::TransactionName;
use tokio::net::UnixStream;

use crate::answer::Failure;

/// The process at the other end of the socket, as the kernel knows it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub uid: u32,
    pub gid: u32,
    /// Missing where it lives in a process namespace that ours cannot see.
    pub pid: Option<i32>,
    /// Its SELinux context; missing where the kernel has no SELinux.
    pub label: Option<Arc<str>>,
}

impl Peer {
    /// Who is at the other end of a connection.
    pub fn of(stream: &UnixStream) -> io::Result<Peer> {
        let credentials = stream.peer_cred()?;
        Ok(Peer {
            uid: credentials.uid(),
            gid: credentials.gid(),
            pid: credentials.pid(),
            label: label(stream),
        })
    }
}

fn label(stream: &UnixStream) -> Option<Arc<str>> {
    let context = SecurityContext::of_peer_socket(stream, true).ok()?;
    let text = context.to_c_string().ok()??;
    Some(text.to_string_lossy().into())
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}", self.uid)?;
        if let Some(pid) = self.pid {
            write!(f, ", pid {pid}")?;
        }
        match &self.label {
            Some(label) => write!(f, ", {label}"),
            None => Ok(()),
        }
    }
}

/// A request whose body has arrived.
#[derive(Debug)]
pub(crate) struct Request {
    pub peer: Peer,
    pub method: Method,
    pub path: String,
    /// The query as it stands in the request.
    pub query: String,
    pub headers: HeaderMap,
    /// What the connection can become.
    pub upgrade: Option<OnUpgrade>,
    pub body: Bytes,
}

impl Request {
    /// The parameters of the query.
    pub fn parameters(&self) -> Result<Parameters, Failure> {
        Parameters::parse(&self.query)
    }

    /// The body as JSON, whatever it is.
    pub fn json(&self) -> Result<Value, Failure> {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Failure::bad_request(
                "the body must be JSON, with the header `Content-Type: application/json`",
            ));
        }
        settings_model::json::parse(&self.body).map_err(|e| Failure::bad_request(e.to_string()))
    }

    /// A part of the path, from 0, that is a number; where it is none, there
    /// is nothing at that path.
    pub fn number(&self, part: usize) -> Result<u64, Failure> {
        let text = self.path.split('/').nth(part + 1).unwrap_or_default();
        let number = text.parse().ok().filter(|n: &u64| n.to_string() == text);
        number.ok_or_else(|| {
            let text = text.escape_debug();
            Failure::new(StatusCode::NOT_FOUND, format!("`{text}` is not a number"))
        })
    }

    /// Whether errors are to be JSON.
    pub fn wants_json(&self) -> bool {
        wants_json(&self.headers)
    }

    /// Refuses anyone but root.
    pub fn require_root(&self, what: &str) -> Result<(), Failure> {
        if self.peer.uid == 0 {
            return Ok(());
        }
        tracing::warn!(peer = %self.peer, "refused: {what}");
        Err(Failure::new(
            StatusCode::FORBIDDEN,
            format!("{what} is for root only"),
        ))
    }
}

/// Whether errors are to be JSON: `Accept` names it.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let mut accepted = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|v| v.to_str().ok());
    accepted.any(|list| list.split(',').any(is_json))
}

fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Reads a query. A parameter that occurs twice is an error: which of the
    /// two counts would be a guess.
    pub fn parse(query: &str) -> Result<Parameters, Failure> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if parameters
                .insert(name.to_string(), value.to_string())
                .is_some()
            {
                let name = name.escape_debug();
                return Err(Failure::bad_request(format!(
                    "the parameter `{name}` occurs twice"
                )));
            }
        }
        Ok(Parameters(parameters))
    }

    /// A parameter; given empty, it is an error.
    pub fn get(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(name).map(String::as_str) {
            Some("") => Err(Failure::bad_request(format!(
                "the parameter `{name}` is empty"
            ))),
            value => Ok(value),
        }
    }

    /// The transaction a request is about.
    pub fn transaction(&self) -> Result<TransactionName, Failure> {
        let name = self.get("tx")?.unwrap_or("default");
        name.parse()
            .map_err(|e| Failure::bad_request(format!("invalid transaction name: {e}")))
    }

    /// Whether something is wanted; `default` where it is not said.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Failure> {
        match self.get(name)? {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(Failure::bad_request(format!(
                "the parameter `{name}` is neither `true` nor `false`"
            ))),
        }
    }

    /// The keys a request must be about.
    pub fn some_keys(&self) -> Result<Vec<Key>, Failure> {
        self.keys()?.ok_or_else(|| missing("keys"))
    }

    /// The keys a request is about.
    pub fn keys(&self) -> Result<Option<Vec<Key>>, Failure> {
        let keys = self.get("keys")?.map(Key::parse_list).transpose();
        keys.map_err(|e| Failure::bad_request(e.to_string()))
    }
}

fn missing(parameter: &str) -> Failure {
    Failure::bad_request(format!("the parameter `{parameter}` is missing"))
}
