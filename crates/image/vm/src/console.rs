//! The serial console, recorded line by line.

mod text;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use regex_lite::Regex;

use crate::error::{Error, Result, Tail};

use text::Cleaner;
pub(crate) use text::{has_panicked, plain, tail};

/// A console that a thread of its own reads all the time.
#[derive(Debug, Clone)]
pub struct Console {
    shared: Arc<Shared>,
}

/// One line of a console, without escape sequences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When its end was read, after the start of the virtual machine.
    pub at: Duration,
    /// What it says.
    pub text: String,
}

#[derive(Debug, Default)]
struct Shared {
    record: Mutex<Record>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Record {
    lines: Vec<Line>,
    cleaner: Cleaner,
    closed: bool,
}

impl Console {
    /// Starts to read a console. Each line also goes to `log`, with the time.
    pub(crate) fn follow(
        mut socket: UnixStream,
        mut log: File,
        started: Instant,
    ) -> io::Result<Console> {
        let shared = Arc::new(Shared::default());
        let console = Console {
            shared: Arc::clone(&shared),
        };
        thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || {
                let mut piece = [0; 4096];
                while let Ok(length @ 1..) = socket.read(&mut piece) {
                    let at = started.elapsed();
                    let mut record = shared.lock();
                    for text in record.cleaner.push(&piece[..length]) {
                        // A full disk costs the log, not the node.
                        let _ = writeln!(log, "[{:9.3}] {text}", at.as_secs_f64());
                        record.lines.push(Line { at, text });
                    }
                    drop(record);
                    shared.changed.notify_all();
                }
                shared.lock().closed = true;
                shared.changed.notify_all();
            })?;
        Ok(console)
    }

    /// Everything so far, the unfinished last line included.
    pub fn text(&self) -> String {
        self.text_from(0)
    }

    /// Everything from a [`mark`](Console::mark) on.
    pub fn text_from(&self, mark: usize) -> String {
        let record = self.shared.lock();
        let lines = record
            .lines
            .iter()
            .skip(mark)
            .map(|l| l.text.clone() + "\n");
        lines.chain([record.cleaner.partial()]).collect()
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<Line> {
        self.shared.lock().lines.clone()
    }

    /// The current end, to look only at what comes after it.
    pub fn mark(&self) -> usize {
        self.shared.lock().lines.len()
    }

    /// The last 40 lines.
    pub fn tail(&self) -> Tail {
        let record = self.shared.lock();
        let lines = record.lines.iter().map(|l| l.text.clone());
        tail(lines.chain([record.cleaner.partial()]))
    }

    /// Waits for a line that the regular expression matches, among those from
    /// `mark` on, and returns the first one.
    pub fn wait_for(&self, pattern: &str, mark: usize, within: Duration) -> Result<Line> {
        let pattern_regex = Regex::new(pattern)?;
        let what = || format!("`{pattern}` on the console");
        let deadline = Instant::now() + within;
        let (mut next, mut record) = (mark, self.shared.lock());
        loop {
            if let Some(found) = record
                .lines
                .iter()
                .skip(next)
                .find(|l| pattern_regex.is_match(&l.text))
            {
                return Ok(found.clone());
            }
            next = next.max(record.lines.len());
            let closed = record.closed;
            let left = deadline.saturating_duration_since(Instant::now());
            if closed || left.is_zero() {
                drop(record);
                let (what, console) = (what(), self.tail());
                return Err(if closed {
                    Error::Ended { what, console }
                } else {
                    Error::Timeout {
                        what,
                        within,
                        console,
                    }
                });
            }
            record = self
                .shared
                .changed
                .wait_timeout(record, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console() -> (Console, UnixStream, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        (
            Console::follow(ours, log, Instant::now()).unwrap(),
            theirs,
            folder,
        )
    }

    #[test]
    fn lines_are_waited_for_from_a_mark_on() {
        let (console, mut socket, folder) = console();
        let long = Duration::from_secs(20);
        socket.write_all(b"first boot\nfirst ready\n").unwrap();
        let found = console.wait_for("re[a]dy$", 0, long).unwrap();
        assert_eq!(found.text, "first ready");
        let mark = console.mark();
        let waiting = {
            let console = console.clone();
            thread::spawn(move || console.wait_for("ready", mark, long).unwrap().text)
        };
        socket.write_all(b"second ready\npartial").unwrap();
        assert_eq!(waiting.join().unwrap(), "second ready");
        assert!(console.text_from(mark).starts_with("second ready\n"));
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(log.lines().count(), 3);
        assert!(log.contains("] first boot\n"), "{log}");
    }

    #[test]
    fn a_line_that_does_not_come_is_an_error_with_the_tail() {
        let (console, mut socket, _folder) = console();
        socket.write_all(b"only this\n").unwrap();
        console
            .wait_for("only", 0, Duration::from_secs(20))
            .unwrap();
        let error = console
            .wait_for("never", 0, Duration::from_millis(10))
            .unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::Timeout { .. }));
        assert!(
            text.ends_with("last lines of the console:\n  | only this"),
            "{text}"
        );
        drop(socket);
        let error = console
            .wait_for("never", 0, Duration::from_secs(20))
            .unwrap_err();
        assert!(matches!(error, Error::Ended { .. }));
        assert!(matches!(
            console.wait_for("(", 0, Duration::ZERO),
            Err(Error::Pattern(_))
        ));
    }
}
