//! How files of a repository are fetched: what breaks off is taken up again
//! where it was, and what does not come is not waited for without end.

use std::fs::File;
use std::io::Read;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, sleep, timeout_at};
use tough::{Transport, TransportError, TransportErrorKind, TransportStream};
use url::Url;

/// A whole image may take this long.
const FETCH_LIMIT: Duration = Duration::from_secs(3600);
/// What is read of a file at a time.
const FILE_PIECE: usize = 256 << 10;
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How often a file is asked for without a byte of it coming, and the pause
/// before the second time. It doubles.
const TRIES: u32 = 5;
/// How often a server may be too slow. What stalls may be one connection alone.
const SLOW_TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How slow a server may be: so many bytes in each such time, until the file ends.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The time.
    pub window: Duration,
    /// The bytes.
    pub bytes: u64,
}

impl Default for Pace {
    /// A tenth of what a modem does.
    fn default() -> Self {
        Self {
            window: Duration::from_secs(30),
            bytes: 30 * 700,
        }
    }
}

/// Fetches from web servers and folders.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    pace: Pace,
    /// Or why there is none. Copies of this share it.
    client: Arc<OnceLock<Result<Client, String>>>,
}

/// A file that is coming.
struct Download {
    client: Client,
    url: Url,
    pace: Pace,
    response: Option<Response>,
    /// Bytes that have come, and those of the response that are the same again.
    next: u64,
    skip: u64,
    /// The end of the window, and what has come in it.
    end: Instant,
    come: u64,
    /// When the whole file has to be there.
    deadline: Instant,
    failures: u32,
    /// Times that have been too slow; what comes later makes none of them good.
    slow: u32,
}

/// What may go wrong with a server.
enum Fault {
    /// Asking again may help.
    Passing(String),
    /// It does not.
    Lasting(TransportErrorKind, String),
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        // Redirects in a circle stay one.
        match error.is_redirect() || error.is_builder() {
            true => Self::Lasting(TransportErrorKind::Other, with_causes(&error)),
            false => Self::Passing(with_causes(&error)),
        }
    }
}

impl Fetcher {
    /// Proxies are those of the environment (HTTPS_PROXY, NO_PROXY).
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            pace,
            client: Arc::default(),
        }
    }

    /// Made when it is needed: it reads the certificates of all authorities.
    fn client(&self) -> Result<Client, String> {
        let client = self.client.get_or_init(|| {
            // Fails where there is one already, which is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let client = Client::builder().connect_timeout(CONNECT_LIMIT).build();
            client.map_err(|error| with_causes(&error))
        });
        client.clone()
    }
}

#[async_trait]
impl Transport for Fetcher {
    async fn fetch(&self, url: Url) -> Result<TransportStream, TransportError> {
        if url.scheme() == "file" {
            return read_file(url).await;
        }
        let client = self.client().map_err(|reason| {
            TransportError::new_with_cause(TransportErrorKind::Other, url.clone(), reason)
        })?;
        let now = Instant::now();
        let download = Download {
            client,
            url,
            pace: self.pace,
            response: None,
            next: 0,
            skip: 0,
            end: now + self.pace.window,
            come: 0,
            deadline: now + FETCH_LIMIT,
            failures: 0,
            slow: 0,
        };
        let stream = stream::try_unfold(download, |mut download| async move {
            let next = download.next().await?;
            Ok(next.map(|bytes| (bytes, download)))
        });
        Ok(Box::pin(stream.into_stream()))
    }
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        loop {
            if Instant::now() >= self.deadline {
                return Err(self.error("it takes too long"));
            }
            match timeout_at(self.end, self.step()).await {
                Ok(Ok(None)) => return Ok(None),
                Ok(Ok(Some(bytes))) => {
                    let length = bytes.len() as u64;
                    self.come += length;
                    self.next += length;
                    self.failures = 0;
                    return Ok(Some(bytes));
                }
                Ok(Err(Fault::Lasting(kind, reason))) => {
                    let url = self.url.clone();
                    return Err(TransportError::new_with_cause(kind, url, reason));
                }
                Ok(Err(Fault::Passing(reason))) => {
                    self.response = None;
                    self.failures += 1;
                    if self.failures == TRIES {
                        return Err(self.error(reason));
                    }
                    tracing::warn!("{}: {reason}; asking again", self.url);
                    let pause = FIRST_PAUSE * (1 << (self.failures - 1));
                    sleep(pause).await;
                    self.end += pause;
                }
                Err(_) if self.come >= self.pace.bytes => {
                    self.end = Instant::now() + self.pace.window;
                    self.come = 0;
                }
                Err(_) => {
                    let seconds = self.pace.window.as_secs_f32();
                    let come = self.come;
                    let reason = format!("it is too slow: {come} bytes came in {seconds} s");
                    self.slow += 1;
                    if self.slow == SLOW_TRIES {
                        return Err(self.error(reason));
                    }
                    tracing::warn!("{}: {reason}; asking for the rest", self.url);
                    self.response = None;
                    self.end = Instant::now() + self.pace.window;
                    self.come = 0;
                }
            }
        }
    }

    /// The next bytes that have not come before.
    async fn step(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.response.is_none() {
            self.response = Some(self.ask().await?);
        }
        let Some(response) = &mut self.response else {
            return Ok(None);
        };
        while let Some(mut bytes) = response.chunk().await? {
            let known = self.skip.min(bytes.len() as u64);
            self.skip -= known;
            let new = bytes.split_off(known as usize);
            if !new.is_empty() {
                return Ok(Some(new));
            }
        }
        Ok(None)
    }

    /// Asks for the rest. Servers that know no ranges send the whole file.
    async fn ask(&mut self) -> Result<Response, Fault> {
        let mut request = self.client.get(self.url.clone());
        if self.next > 0 {
            request = request.header(RANGE, format!("bytes={}-", self.next));
        }
        let response = request.send().await?;
        let lasting = |kind, reason: String| Err(Fault::Lasting(kind, reason));
        let status = response.status();
        match status {
            StatusCode::OK => self.skip = self.next,
            StatusCode::PARTIAL_CONTENT if self.next > 0 => {
                let range = response.headers().get(CONTENT_RANGE);
                let range = range.and_then(|range| range.to_str().ok());
                let wanted = format!("bytes {}-", self.next);
                if !range.is_some_and(|range| range.starts_with(&wanted)) {
                    let reason = format!("another range came than was asked for: {range:?}");
                    return lasting(TransportErrorKind::Other, reason);
                }
                self.skip = 0;
            }
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                let reason = format!("the server answers {status}");
                return lasting(TransportErrorKind::FileNotFound, reason);
            }
            _ if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                return Err(Fault::Passing(format!("the server answers {status}")));
            }
            _ => {
                let reason = format!("the server answers {status}");
                return lasting(TransportErrorKind::Other, reason);
            }
        }
        Ok(response)
    }

    fn error(&self, reason: impl Into<String>) -> TransportError {
        let reason: String = reason.into();
        TransportError::new_with_cause(TransportErrorKind::Other, self.url.clone(), reason)
    }
}

/// As tough does, in larger pieces: each one is a turn of another thread.
async fn read_file(url: Url) -> Result<TransportStream, TransportError> {
    let failed = |url: &Url, error: std::io::Error| {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => TransportErrorKind::FileNotFound,
            _ => TransportErrorKind::Other,
        };
        TransportError::new_with_cause(kind, url.clone(), error)
    };
    let path = url.to_file_path().map_err(|()| {
        let reason = "it names no file of this machine";
        TransportError::new_with_cause(TransportErrorKind::Other, url.clone(), reason)
    })?;
    let file = File::open(path).map_err(|error| failed(&url, error))?;
    // In this thread: there is nothing else for it to do, and to hand each piece over
    // takes longer than to read it.
    let pieces = stream::iter(Pieces(file));
    Ok(Box::pin(pieces.map_err(move |error| failed(&url, error))))
}

/// A file, piece by piece.
struct Pieces(File);

impl Iterator for Pieces {
    type Item = std::io::Result<Bytes>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = vec![0; FILE_PIECE];
        match self.0.read(&mut piece) {
            Ok(0) => None,
            Ok(length) => {
                piece.truncate(length);
                Some(Ok(piece.into()))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// An error and what it comes from: reqwest's own words are few.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
