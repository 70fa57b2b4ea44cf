//! For tests and trials: an HTTP server that answers what a test tells it to and
//! remembers what it was asked. It listens on a Unix socket, as the settings
//! API does, or on TCP.
//!
//! It is written without the HTTP library that the clients use, so that the
//! two do not share a mistake.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A request as it came over the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `PATCH`, ...
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Header lines as they were sent.
    pub headers: Vec<String>,
    /// The body as text.
    pub body: String,
}

impl Request {
    /// Method, path and query, such as `GET /settings`: handy in a `match`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            (found.to_ascii_lowercase() == name).then(|| value.trim())
        })
    }
}

/// What to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A status code and a body.
    Status(u16, String),
    /// A status code, header lines and a body.
    WithHeaders(u16, Vec<String>, String),
    /// These bytes, then the end of the connection: for broken servers.
    Bytes(Vec<u8>),
}

impl Answer {
    /// 200 with a body.
    pub fn ok(body: impl Into<String>) -> Self {
        Self::Status(200, body.into())
    }

    /// 204 without one.
    pub fn nothing() -> Self {
        Self::Status(204, String::new())
    }
}

/// A server in a thread of its own. It lives as long as the test program, its
/// socket as long as this value.
#[derive(Debug)]
pub struct FakeServer {
    folder: tempfile::TempDir,
    requests: Seen,
}

impl FakeServer {
    /// Starts answering with what `answer` returns.
    ///
    /// # Panics
    /// If there is no place for a socket: a test cannot go on without.
    pub fn start(answer: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let answer = Mutex::new(answer);
        let folder = tempfile::tempdir().expect("a test has a place for temporary files");
        let listener = UnixListener::bind(folder.path().join("api.sock"))
            .expect("a fresh folder has a place for a socket");
        let requests = Seen::default();
        let seen = requests.clone();
        thread::spawn(move || {
            // A client that hangs up early is the test's business.
            for stream in listener.incoming().flatten() {
                let _ = serve(stream, &seen, &answer);
            }
        });
        Self { folder, requests }
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.path().join("api.sock")
    }

    /// A folder that lives as long as this value.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Everything it was asked until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.all()
    }

    /// Everything it was asked until now, as [`Request::line`].
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }
}

/// A server on the loopback interface, in threads of its own: a download that
/// takes long does not keep others waiting.
#[derive(Debug)]
pub struct FakeTcpServer {
    address: SocketAddr,
    requests: Seen,
}

impl FakeTcpServer {
    /// Starts answering with what `answer` returns, at a port that is free.
    ///
    /// # Panics
    /// If there is no free port: a test cannot go on without.
    pub fn start(answer: impl FnMut(&Request) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests = Seen::default();
        let seen = requests.clone();
        thread::spawn(move || serve_all(&listener, &seen, answer));
        Self { address, requests }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it was asked until now.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.all()
    }

    /// Everything it was asked until now, as [`Request::line`].
    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Request::line).collect()
    }
}

/// Answers on a listening socket, without end.
pub fn serve_on(listener: &TcpListener, answer: impl FnMut(&Request) -> Answer + Send) {
    serve_all(listener, &Seen::default(), answer);
}

/// Answers the one request of a connection, whatever that is made of.
///
/// # Errors
///
/// If the connection breaks, or what comes over it is no HTTP.
pub fn serve_one(
    from: impl Read,
    to: impl Write,
    answer: impl FnOnce(&Request) -> Answer,
) -> io::Result<()> {
    write(to, answer(&read(from)?))
}

fn serve_all(listener: &TcpListener, seen: &Seen, answer: impl FnMut(&Request) -> Answer + Send) {
    let answer = Mutex::new(answer);
    thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            scope.spawn(|| serve(stream, seen, &answer));
        }
    });
}

/// What was asked.
#[derive(Debug, Clone, Default)]
struct Seen(Arc<Mutex<Vec<Request>>>);

impl Seen {
    fn all(&self) -> Vec<Request> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, request: Request) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push(request);
    }
}

/// A connection of either kind, read and written through references.
trait Stream {
    fn reader(&self) -> impl Read;
    fn writer(&self) -> impl Write;
}

impl Stream for UnixStream {
    fn reader(&self) -> impl Read {
        self
    }
    fn writer(&self) -> impl Write {
        self
    }
}

impl Stream for TcpStream {
    fn reader(&self) -> impl Read {
        self
    }
    fn writer(&self) -> impl Write {
        self
    }
}

fn serve(
    stream: impl Stream,
    seen: &Seen,
    answer: &Mutex<impl FnMut(&Request) -> Answer>,
) -> io::Result<()> {
    let request = read(stream.reader())?;
    let answer = answer.lock().unwrap_or_else(PoisonError::into_inner)(&request);
    seen.add(request);
    write(stream.writer(), answer)
}

fn write(mut out: impl Write, answer: Answer) -> io::Result<()> {
    match answer {
        Answer::Bytes(bytes) => out.write_all(&bytes),
        Answer::Status(204, _) => out.write_all(b"HTTP/1.1 204 No Content\r\n\r\n"),
        Answer::Status(status, body) => write_answer(out, status, &[], &body),
        Answer::WithHeaders(status, headers, body) => write_answer(out, status, &headers, &body),
    }
}

fn write_answer(mut out: impl Write, status: u16, lines: &[String], body: &str) -> io::Result<()> {
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    write!(
        out,
        "HTTP/1.1 {status} Status\r\n{lines}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    out.flush()
}

fn read(stream: impl Read) -> io::Result<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.trim_end() {
            "" if lines.is_empty() => return Err(io::ErrorKind::InvalidData.into()),
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let start = lines.remove(0);
    let mut words = start.split(' ').map(str::to_owned);
    let mut request = Request {
        method: words.next().unwrap_or_default(),
        target: words.next().unwrap_or_default(),
        headers: lines,
        body: String::new(),
    };
    let length = request
        .header("content-length")
        .and_then(|v| v.parse().ok());
    reader
        .take(length.unwrap_or(0))
        .read_to_string(&mut request.body)?;
    Ok(request)
}
