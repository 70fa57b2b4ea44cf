//! QEMU's monitor (QMP), as far as a node needs it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::arguments::MONITOR_SOCKET;
use crate::error::{Error, Result};
use crate::sockets;

const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to the monitor. QEMU serves one at a time.
#[derive(Debug)]
pub(crate) struct Monitor {
    reader: BufReader<UnixStream>,
    line: Vec<u8>,
    events: Vec<Value>,
}

impl Monitor {
    /// Connects to the monitor of the machine with this state folder.
    pub(crate) fn connect(folder: &Path) -> Result<Monitor> {
        let socket = sockets::connect(folder, MONITOR_SOCKET).map_err(broken)?;
        Monitor::over(socket)
    }

    fn over(socket: UnixStream) -> Result<Monitor> {
        let mut monitor = Monitor {
            reader: BufReader::new(socket),
            line: Vec::new(),
            events: Vec::new(),
        };
        monitor.message("a greeting", Instant::now() + ANSWER_TIMEOUT)?;
        monitor.execute("qmp_capabilities")?;
        Ok(monitor)
    }

    /// Runs a command without arguments.
    pub(crate) fn execute(&mut self, command: &str) -> Result<()> {
        let request = format!("{}\n", json!({ "execute": command }));
        self.reader
            .get_mut()
            .write_all(request.as_bytes())
            .map_err(broken)?;
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            let message = self.message(command, deadline)?;
            if message.get("return").is_some() {
                return Ok(());
            }
            if let Some(error) = message.get("error") {
                return Err(Error::Monitor {
                    command: command.to_owned(),
                    answer: error.to_string(),
                });
            }
            self.events.push(message);
        }
    }

    /// Waits for an event of this name and returns its data; events that came
    /// before it are forgotten.
    pub(crate) fn wait_for(&mut self, event: &str, within: Duration) -> Result<Value> {
        let deadline = Instant::now() + within;
        loop {
            let message = if self.events.is_empty() {
                self.message(event, deadline)?
            } else {
                self.events.remove(0)
            };
            if message["event"] == event {
                return Ok(message["data"].clone());
            }
        }
    }

    /// One message, an event or an answer.
    fn message(&mut self, what: &str, deadline: Instant) -> Result<Value> {
        let left = deadline.saturating_duration_since(Instant::now());
        // Zero would mean to wait for ever.
        let timeout = left.max(Duration::from_millis(1));
        self.reader
            .get_ref()
            .set_read_timeout(Some(timeout))
            .map_err(broken)?;
        let refuse = |answer: String| Error::Monitor {
            command: what.to_owned(),
            answer,
        };
        // What a timeout interrupts stays in `line` for the next call.
        match self.reader.read_until(b'\n', &mut self.line) {
            Ok(0) => return Err(broken(io::ErrorKind::ConnectionReset.into())),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                return Err(refuse("nothing in time".to_owned()));
            }
            outcome => outcome.map_err(broken)?,
        };
        let line = std::mem::take(&mut self.line);
        serde_json::from_slice(&line).map_err(|e| refuse(e.to_string()))
    }
}

fn broken(source: io::Error) -> Error {
    Error::Socket {
        socket: "monitor",
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A monitor that answers each line it gets with the next of these.
    fn monitor(answers: &'static [&'static str]) -> Result<Monitor> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        thread::spawn(move || {
            let mut requests = BufReader::new(theirs.try_clone().unwrap()).lines();
            for answer in answers {
                theirs.write_all(answer.as_bytes()).unwrap();
                if requests.next().is_none() {
                    return;
                }
            }
        });
        Monitor::over(ours)
    }

    const GREETING: &str = "{\"QMP\":{}}\n";
    const DONE: &str = "{\"return\":{}}\n";

    #[test]
    fn events_between_answers_are_kept() {
        let events = "{\"event\":\"STOP\"}\n{\"event\":\"SHUTDOWN\",\"data\":{\"reason\":\"guest-reset\"}}\n{\"return\":{}}\n";
        let mut monitor = monitor(Box::leak(Box::new([GREETING, DONE, events]))).unwrap();
        monitor.execute("system_reset").unwrap();
        let data = monitor
            .wait_for("SHUTDOWN", Duration::from_secs(5))
            .unwrap();
        assert_eq!(data["reason"], "guest-reset");
    }

    #[test]
    fn refusals_and_ends_are_errors() {
        let error = "{\"error\":{\"class\":\"CommandNotFound\"}}\n";
        let mut refusing = monitor(Box::leak(Box::new([GREETING, DONE, error]))).unwrap();
        let text = refusing.execute("fly").unwrap_err().to_string();
        assert!(text.starts_with("QEMU's monitor refuses `fly`: "), "{text}");
        assert!(matches!(
            monitor(&["no json\n"]),
            Err(Error::Monitor { .. })
        ));
        assert!(matches!(monitor(&[GREETING]), Err(Error::Socket { .. })));
    }

    #[test]
    fn an_event_that_does_not_come_is_an_error() {
        let mut monitor = monitor(&[GREETING, DONE]).unwrap();
        assert!(
            monitor
                .wait_for("RESET", Duration::from_millis(10))
                .is_err()
        );
    }
}
