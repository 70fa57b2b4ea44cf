//! Requests, one connection each.

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::UnixStream;

use crate::Error;

/// Where the API server listens on a node.
pub const DEFAULT_SOCKET: &str = "/run/api.sock";

/// Larger answers are an error, not a reason to run out of memory.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Long enough for a server that is still starting behind its socket.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);

/// A successful answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status code, a 2xx one.
    pub status: u16,
    /// The body, as it came.
    pub body: Vec<u8>,
}

/// An API server, by its socket.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
    timeout: Duration,
}

impl Client {
    /// A client of the server that listens at `socket`.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
            timeout: DEFAULT_TIMEOUT,
        }
    }

    /// The same client, waiting for a whole answer for at most `timeout`.
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sends a request, with a JSON body if there is one, and waits for the
    /// answer. A status other than 2xx is [`Error::Refused`].
    pub fn send(&self, method: &str, uri: &str, body: Option<&str>) -> Result<Response, Error> {
        let path = uri.split('?').next().unwrap_or(uri);
        let request = format!("{method} {path}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(Error::Runtime)?;
        let exchange = self.exchange(&request, method, uri, body);
        let response = runtime.block_on(async {
            match tokio::time::timeout(self.timeout, exchange).await {
                Ok(result) => result,
                Err(_) => Err(Error::Timeout {
                    request: request.clone(),
                    limit: self.timeout,
                }),
            }
        })?;
        tracing::debug!(request, status = response.status, "answered");
        match response.status {
            200..300 => Ok(response),
            status => Err(refused(request, status, &response.body)),
        }
    }

    /// `GET` of a JSON document.
    pub fn get<T: for<'de> Deserialize<'de>>(&self, uri: &str) -> Result<T, Error> {
        self.send_for_json("GET", uri)
    }

    /// A request without a body that is answered with a JSON document.
    pub fn send_for_json<T: for<'de> Deserialize<'de>>(
        &self,
        method: &str,
        uri: &str,
    ) -> Result<T, Error> {
        json(method, uri, self.send(method, uri, None)?)
    }

    async fn exchange(
        &self,
        name: &str,
        method: &str,
        uri: &str,
        body: Option<&str>,
    ) -> Result<Response, Error> {
        let request = request(method, uri, body).map_err(|source| Error::Request {
            request: name.to_owned(),
            source,
        })?;
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|source| Error::Connect {
                socket: self.socket.clone(),
                source,
            })?;
        let broken = |error: &dyn std::error::Error| Error::Transport {
            request: name.to_owned(),
            reason: with_causes(error),
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|e| broken(&e))?;
        // The connection does the reading and writing while we wait; what goes
        // wrong with it also reaches the waiting side.
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|e| broken(&e))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|e| broken(&*e))?
            .to_bytes()
            .to_vec();
        Ok(Response { status, body })
    }
}

/// A path with a query whose values may be any text.
pub fn uri(path: &str, query: &[(&str, &str)]) -> String {
    let mut uri = path.to_owned();
    for (position, (name, value)) in query.iter().enumerate() {
        uri.push(if position == 0 { '?' } else { '&' });
        uri.push_str(name);
        uri.push('=');
        for byte in value.bytes() {
            match byte {
                // RFC 3986, section 2.3.
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    uri.push(byte.into());
                }
                _ => uri.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    uri
}

fn request(
    method: &str,
    uri: &str,
    body: Option<&str>,
) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
    let mut request = Request::builder()
        .method(Method::from_bytes(method.as_bytes())?)
        .uri(uri)
        .header("host", "localhost")
        // Errors then come with a hint, where the server has one.
        .header("accept", "application/json");
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    request.body(Full::from(body.unwrap_or_default().to_owned()))
}

fn refused(request: String, status: u16, body: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct Reason {
        error: String,
        hint: Option<String>,
    }
    let reason = serde_json::from_slice(body).unwrap_or_else(|_| Reason {
        error: String::from_utf8_lossy(body).trim().to_owned(),
        hint: None,
    });
    let message = match reason.error.as_str() {
        "" if status == 404 => "the API has no such path or method".to_owned(),
        "" => "the API gave no reason".to_owned(),
        _ => reason.error,
    };
    Error::Refused {
        request,
        status,
        message,
        hint: reason.hint,
    }
}

fn json<T: for<'de> Deserialize<'de>>(
    method: &str,
    uri: &str,
    response: Response,
) -> Result<T, Error> {
    serde_json::from_slice(&response.body).map_err(|source| Error::Json {
        request: format!("{method} {}", uri.split('?').next().unwrap_or(uri)),
        source,
    })
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_may_be_any_text() {
        assert_eq!(uri("/tx", &[]), "/tx");
        assert_eq!(
            uri("/a", &[("tx", "a-b._~9"), ("keys", "x.\"y z\",&=?#%+é")]),
            "/a?tx=a-b._~9&keys=x.%22y%20z%22%2C%26%3D%3F%23%25%2B%C3%A9"
        );
    }

    #[test]
    fn refusals_are_read_from_json_text_or_nothing() {
        let cases: &[(u16, &str, &str, Option<&str>)] = &[
            (
                400,
                r#"{"error":"e","hint":"h"}"#,
                "e (GET /: status 400)",
                Some("h"),
            ),
            (400, r#"{"error":"e"}"#, "e (GET /: status 400)", None),
            (400, "plain\n", "plain (GET /: status 400)", None),
            (
                400,
                r#"{"other":1}"#,
                r#"{"other":1} (GET /: status 400)"#,
                None,
            ),
            (
                404,
                "",
                "the API has no such path or method (GET /: status 404)",
                None,
            ),
            (500, "", "the API gave no reason (GET /: status 500)", None),
        ];
        for (status, body, text, hint) in cases {
            let error = refused("GET /".to_owned(), *status, body.as_bytes());
            assert_eq!((error.to_string().as_str(), error.hint()), (*text, *hint));
            assert_eq!(error.is_refusal(), *status < 500);
        }
    }
}
