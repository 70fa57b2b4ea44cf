//! Starting processes that do not outlive this one.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use rustix::process::{Signal, set_parent_process_death_signal};

type Order = (Command, Sender<io::Result<Child>>);

/// Starts a process that the kernel kills when this one ends, however it ends:
/// a test's machine kept in a `static` is never dropped.
///
/// The kernel means the thread by "parent", so one that lasts does the work.
pub(crate) fn spawn(mut command: Command) -> io::Result<Child> {
    // SAFETY: between fork and exec the closure makes one system call and
    // touches no memory.
    unsafe {
        command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?));
    }
    let (answer, answered) = channel();
    let gone = || io::Error::other("the thread that starts processes is gone");
    orders()?
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .send((command, answer))
        .map_err(|_| gone())?;
    answered.recv().map_err(|_| gone())?
}

fn orders() -> io::Result<&'static Mutex<Sender<Order>>> {
    static ORDERS: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    if let Some(orders) = ORDERS.get() {
        return Ok(orders);
    }
    let (sender, receiver) = channel::<Order>();
    // If two callers are first at once, the spare thread ends with its sender.
    thread::Builder::new()
        .name("launcher".to_owned())
        .spawn(move || {
            for (mut command, answer) in receiver {
                // A caller that no longer waits has ended, and its child with it.
                let _ = answer.send(command.spawn());
            }
        })?;
    Ok(ORDERS.get_or_init(|| Mutex::new(sender)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_outlives_the_thread_that_asked_for_it() {
        let mut child = thread::spawn(|| {
            let mut command = Command::new("sleep");
            command.arg("30");
            spawn(command).unwrap()
        })
        .join()
        .unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(spawn(Command::new("/nonexistent")).is_err());
    }
}
