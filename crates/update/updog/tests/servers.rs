//! Web servers that are broken, or mean.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use common::Workshop;

/// What a server does with a request for a file: its path, what there is, and
/// the first byte that is wanted.
type Manners = fn(&mut TcpStream, &str, Option<Vec<u8>>, usize) -> std::io::Result<()>;

/// Serves a folder on the loopback interface for as long as the test runs.
fn serve(folder: PathBuf, manners: Manners) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let folder = folder.clone();
            thread::spawn(move || answer(stream, &folder, manners));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, folder: &std::path::Path, manners: Manners) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    // Connections that are kept for another request may end without one.
    let Some(Ok(request)) = lines.next() else {
        return;
    };
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut first = 0;
    for line in lines.map_while(Result::ok) {
        let line = line.to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            first = range.trim_end_matches('-').parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let body = fs::read(folder.join(path.trim_start_matches('/'))).ok();
    // The client may have had enough.
    let _ = manners(&mut stream, &path, body, first);
}

/// As a server should.
fn well(
    stream: &mut TcpStream,
    _: &str,
    body: Option<Vec<u8>>,
    first: usize,
) -> std::io::Result<()> {
    let Some(body) = body else {
        return status(stream, "404 Not Found");
    };
    head(stream, first, body.len())?;
    stream.write_all(&body[first..])
}

/// The head of an answer with all of a file, or with what is behind `first`.
fn head(stream: &mut TcpStream, first: usize, length: usize) -> std::io::Result<()> {
    let left = length - first;
    match first {
        0 => write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {left}\r\n\r\n"),
        _ => write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {left}\r\n\
             Content-Range: bytes {first}-{}/{length}\r\n\r\n",
            length - 1
        ),
    }
}

fn status(stream: &mut TcpStream, status: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
}

fn look(manners: Manners) -> Result<usize, String> {
    let workshop = Workshop::new();
    let base = serve(workshop.path("repository"), manners);
    workshop.look_with(&workshop.config_at(&base))
}

#[test]
fn what_breaks_off_is_taken_up_again() {
    assert_eq!(look(well), Ok(1));
    // Half of what is left, each time.
    let halves: Manners = |stream, path, body, first| match body {
        Some(body) if path.contains("manifest") && first < body.len() / 2 => {
            head(stream, first, body.len())?;
            stream.write_all(&body[first..first + (body.len() - first) / 2])
        }
        body => well(stream, path, body, first),
    };
    assert_eq!(look(halves), Ok(1));
    // The range is ignored: what comes is the file from its beginning.
    let whole: Manners = |stream, path, body, first| match body {
        Some(body) if path.contains("manifest") => {
            head(stream, 0, body.len())?;
            let end = if first == 0 {
                body.len() / 2
            } else {
                body.len()
            };
            stream.write_all(&body[..end])
        }
        body => well(stream, path, body, first),
    };
    assert_eq!(look(whole), Ok(1));
}

#[test]
fn servers_that_fail_are_given_up() {
    let cases: [(&str, Manners, &str); 9] = [
        ("none", |_, _, _, _| Ok(()), "error sending request"),
        ("404", |s, _, _, _| status(s, "404 Not Found"), "404"),
        ("403", |s, _, _, _| status(s, "403 Forbidden"), "403"),
        ("500", |s, _, _, _| status(s, "500 Oh No"), "answers 500"),
        ("418", |s, _, _, _| status(s, "418 I'm a teapot"), "418"),
        (
            "redirect loop",
            |s, path, _, _| {
                let length = "Content-Length: 0";
                write!(
                    s,
                    "HTTP/1.1 302 Found\r\nLocation: {path}\r\n{length}\r\n\r\n"
                )
            },
            "redirect",
        ),
        (
            "no HTTP",
            |s, _, _, _| s.write_all(b"hello\r\n\r\n"),
            "invalid HTTP version",
        ),
        (
            "another range than asked for",
            |s, path, body, first| match body {
                Some(body) if path.contains("manifest") && first > 0 => {
                    head(s, 1, body.len())?;
                    s.write_all(&body[1..])
                }
                Some(body) if path.contains("manifest") => {
                    head(s, 0, body.len())?;
                    s.write_all(&body[..body.len() / 2])
                }
                body => well(s, path, body, first),
            },
            "another range came",
        ),
        (
            "endless",
            |s, path, body, first| match body {
                Some(mut body) if path.contains("timestamp") => {
                    head(s, 0, usize::MAX / 2)?;
                    s.write_all(&body)?;
                    body.resize(1 << 16, b' ');
                    loop {
                        s.write_all(&body)?;
                    }
                }
                body => well(s, path, body, first),
            },
            "size",
        ),
    ];
    for (name, manners, expected) in cases {
        let begin = Instant::now();
        let error = look(manners).expect_err(name);
        assert!(error.contains(expected), "{name}: {error}");
        assert!(begin.elapsed() < Duration::from_secs(20), "{name}");
    }
}

#[test]
fn what_stalls_is_asked_for_again() {
    // It sends half, and then nothing more over this connection.
    let stalls: Manners = |stream, path, body, first| match body {
        Some(body) if path.contains("manifest") && first == 0 => {
            head(stream, 0, body.len())?;
            stream.write_all(&body[..body.len() / 2])?;
            thread::sleep(10 * common::PACE.window);
            Ok(())
        }
        body => well(stream, path, body, first),
    };
    assert_eq!(look(stalls), Ok(1));
}

#[test]
fn servers_that_drip_are_given_up() {
    let error = look(|stream, _, body, _| {
        let Some(body) = body else {
            return status(stream, "404 Not Found");
        };
        head(stream, 0, body.len())?;
        for byte in body {
            stream.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    });
    let error = error.unwrap_err();
    assert!(error.contains("it is too slow: "), "{error}");
}
