//! Messages to the kernel's log, from where the console and later the journal
//! get them.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::{Duration, Instant};

/// Kernel log levels (`syslog(2)`).
const CRITICAL: u8 = 2;
const WARNING: u8 = 4;
const NOTICE: u8 = 5;

/// Where a device folder is found: the second is for the moments in which it
/// has been moved into the new root and the root itself has not.
const DEVICE_FOLDERS: [&str; 2] = ["/dev", "/sysroot/dev"];

/// The log of one boot; every message carries the time since its start.
#[derive(Debug)]
pub struct Log {
    name: &'static str,
    start: Instant,
}

impl Log {
    /// Starts the clock. Messages begin with the name of who reports.
    pub fn start(name: &'static str) -> Self {
        Self {
            name,
            start: Instant::now(),
        }
    }

    /// Time since the start.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Reports a step.
    pub fn info(&self, message: &str) {
        self.kernel(NOTICE, message);
    }

    /// Reports what is wrong but does not stop the boot.
    pub fn warn(&self, message: &str) {
        self.kernel(WARNING, &format!("warning: {message}"));
    }

    /// Reports why what was to be done is not.
    pub fn error(&self, message: &str) {
        self.kernel(CRITICAL, &format!("error: {message}"));
    }

    /// Reports why the boot ends here, also to a console that the kernel log
    /// does not reach (`quiet`, `loglevel=`).
    pub(crate) fn fatal(&self, message: &str) {
        self.kernel(CRITICAL, &format!("FATAL: {message}"));
        // The kernel turns a newline into a carriage return as well only where
        // the terminal is set up to: write both.
        let line = format!("\r\n{}: FATAL: {message}\r\n", self.name);
        if !write_device("console", line.as_bytes()) {
            write_stderr(line.as_bytes());
        }
    }

    fn kernel(&self, level: u8, message: &str) {
        let milliseconds = self.start.elapsed().as_millis();
        // One write is one record, and a record is one line.
        let message = message.replace('\n', " ");
        let record = format!("<{level}>{}: {message} (+{milliseconds} ms)\n", self.name);
        if !write_device("kmsg", record.as_bytes()) {
            write_stderr(record.as_bytes());
        }
    }
}

/// The last resort; there is nowhere to report its failure to.
fn write_stderr(bytes: &[u8]) {
    let _ = rustix::io::write(rustix::stdio::stderr(), bytes);
}

/// Writes to a device, opened anew each time: the kernel limits the rate of
/// `/dev/kmsg` per open file, to ten records in five seconds.
fn write_device(name: &str, bytes: &[u8]) -> bool {
    DEVICE_FOLDERS.iter().any(|folder| {
        OpenOptions::new()
            .write(true)
            .open(format!("{folder}/{name}"))
            .and_then(|mut device| device.write_all(bytes))
            .is_ok()
    })
}
