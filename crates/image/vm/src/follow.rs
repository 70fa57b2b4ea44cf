//! `vm console`: the console's output, as it comes.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use anyhow::Result;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use vm::Detached;

/// How often new output is looked for.
const INTERVAL: Duration = Duration::from_millis(100);

/// Ctrl-] and Ctrl-C.
const LEAVE: [u8; 2] = [0x1d, 0x03];

/// Shows the console from its beginning until the node ends or a key leaves.
pub(crate) fn run(node: &Detached) -> Result<()> {
    let path = node.console_log();
    let mut log = files::at("open", &path, File::open(&path))?;
    let keys = Keys::new()?;
    if keys.is_some() {
        eprintln!("Ctrl-] leaves the console; the node goes on");
    }
    loop {
        // In this order: what a node says last is still in the log.
        let ended = !node.is_running();
        let copied = io::copy(&mut log, &mut io::stdout().lock());
        match copied.and_then(|_| io::stdout().flush()) {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            outcome => outcome?,
        }
        if ended {
            eprintln!("\r\nthe node has ended\r");
            return Ok(());
        }
        match &keys {
            Some(keys) if keys.leave()? => return Ok(()),
            Some(_) => {}
            None => std::thread::sleep(INTERVAL),
        }
    }
}

/// The terminal's keys one by one; as before when dropped.
struct Keys {
    before: Termios,
}

impl Keys {
    fn new() -> io::Result<Option<Keys>> {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(&stdin)?;
        let mut now = before.clone();
        now.local_modes -= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(&stdin, OptionalActions::Now, &now)?;
        Ok(Some(Keys { before }))
    }

    /// Waits a moment for a key, and tells whether it means to leave.
    fn leave(&self) -> io::Result<bool> {
        let stdin = io::stdin();
        let fd = stdin.as_fd();
        let mut set = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        let interval = Timespec::try_from(INTERVAL).map_err(|_| io::ErrorKind::InvalidInput)?;
        if poll(&mut set, Some(&interval))? == 0 {
            return Ok(false);
        }
        let mut pressed = [0; 16];
        let length = stdin.lock().read(&mut pressed)?;
        Ok(length == 0 || pressed[..length].iter().any(|key| LEAVE.contains(key)))
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The terminal may be gone, and then needs nothing.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}
