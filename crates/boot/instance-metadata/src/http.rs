//! Requests to a metadata service, asked until there is an answer.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::{Error, MAX_BYTES, Patience};

/// A service, by where it listens.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// The addresses that it may have; they are tried in turn.
    pub addresses: Vec<SocketAddr>,
    /// The name in requests.
    pub host: String,
    /// How long to ask.
    pub patience: Patience,
}

/// A question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
}

impl<'a> Question<'a> {
    /// `GET` of a path.
    pub(crate) fn get(path: &'a str, headers: &'a [(&'a str, &'a str)]) -> Self {
        let method = "GET";
        Self {
            method,
            path,
            headers,
        }
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The header.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Service {
    /// The service at an address that is one of ours.
    ///
    /// # Panics
    /// If it is none.
    pub(crate) fn at(addresses: &[&str]) -> Self {
        let parse = |address: &&str| address.parse().expect("it is written as an address");
        let addresses: Vec<SocketAddr> = addresses.iter().map(parse).collect();
        Self {
            host: addresses[0].ip().to_string(),
            addresses,
            patience: Patience::default(),
        }
    }

    /// The same, given up after another while.
    pub(crate) fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// The service at an address of somebody's choice.
    pub(crate) fn chosen(address: SocketAddr, patience: Patience) -> Self {
        Self {
            addresses: vec![address],
            host: address.to_string(),
            patience,
        }
    }

    /// What stands for a path in messages.
    pub(crate) fn url(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap_or(path);
        format!("http://{}{path}", self.host)
    }

    /// Asks until there is an answer that is final: one that is neither a
    /// failure of the service (5xx) nor a request to come back later (429).
    pub(crate) fn ask(&self, question: Question<'_>) -> Result<Answer, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(Error::Runtime)?;
        runtime.block_on(self.ask_until_answered(question))
    }

    async fn ask_until_answered(&self, question: Question<'_>) -> Result<Answer, Error> {
        let mut attempts = self.patience.attempts();
        let mut addresses = self.addresses.iter().cycle();
        let mut last = "it was not asked".to_owned();
        loop {
            if let Some(address) = addresses.next() {
                let attempt = self.attempt(*address, question);
                last = match timeout(self.patience.attempt, attempt).await {
                    Ok(Ok(answer)) if matches!(answer.status, 429 | 500..) => {
                        format!("status {}", answer.status)
                    }
                    Ok(Ok(answer)) => return Ok(answer),
                    Ok(Err(reason)) => reason,
                    Err(_) => format!("{address} does not answer"),
                };
            }
            tracing::debug!("{}: {last}", self.url(question.path));
            match attempts.next_wait() {
                Some(wait) => sleep(wait).await,
                None => break,
            }
        }
        Err(Error::NoAnswer {
            url: self.url(question.path),
            seconds: self.patience.limit.as_secs(),
            last,
        })
    }

    async fn attempt(&self, address: SocketAddr, question: Question<'_>) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(question.method)
            .uri(question.path)
            .header(header::HOST, &self.host);
        for (name, value) in question.headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(with_causes)?;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|e| format!("{address}: {e}"))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(with_causes)?;
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(with_causes)?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await;
        Ok(Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.map_err(|e| with_causes(&*e))?.to_bytes().to_vec(),
        })
    }

    /// The body of a good answer, `None` if there is nothing at this path.
    pub(crate) fn body(&self, path: &str, answer: Answer) -> Result<Option<Vec<u8>>, Error> {
        match answer.status {
            200 => Ok(Some(answer.body)),
            204 | 404 => Ok(None),
            status => Err(Error::Status {
                url: self.url(path),
                status,
            }),
        }
    }
}

fn with_causes(error: impl std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
