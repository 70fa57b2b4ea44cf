//! The virtio-serial port: waiting for it, and outliving the host's visits.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::Server;

const RETRY: Duration = Duration::from_millis(100);

/// Serves the port at `path` for ever: before udev has made it, and again
/// after each error.
pub fn serve_forever(path: &Path, server: &Arc<Server>) -> ! {
    let mut last_problem = String::new();
    loop {
        if let Err(e) = open(path).and_then(|port| serve(&port, server)) {
            let problem = format!("{}: {e}", path.display());
            // Waiting for udev is no news, and a lasting problem is told once.
            if e.kind() != io::ErrorKind::NotFound && problem != last_problem {
                eprintln!("{problem}; trying again");
                last_problem = problem;
            }
        }
        std::thread::sleep(RETRY);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

/// One visit of the host after the other. Reading ends when the host closes
/// its side; greeting the next visitor then blocks until there is one.
fn serve(port: &File, server: &Arc<Server>) -> io::Result<()> {
    loop {
        server.serve(port, port.try_clone()?)?;
    }
}
