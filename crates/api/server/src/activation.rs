//! The socket to listen on: given by systemd, or made by ourselves.

use std::fs::Permissions;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::io::{FdFlags, fcntl_setfd};

/// The first file descriptor systemd passes on, as in sd_listen_fds(3).
const FIRST: i32 = 3;

/// The socket systemd has made for us, if it did. To be called once, before
/// anything else opens files.
pub(crate) fn inherited() -> Result<Option<UnixListener>> {
    let number = |name| std::env::var(name).ok()?.parse::<u32>().ok();
    // Meant for another process that has passed its environment on.
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(None);
    }
    match number("LISTEN_FDS") {
        None | Some(0) => return Ok(None),
        Some(1) => {}
        Some(many) => bail!("systemd passed {many} sockets, but one was expected"),
    }
    // SAFETY: LISTEN_PID says that the descriptor was passed to this process,
    // and nothing else in it takes the descriptor.
    let descriptor = unsafe { OwnedFd::from_raw_fd(FIRST) };
    fcntl_setfd(&descriptor, FdFlags::CLOEXEC)
        .context("failed to use the socket systemd passed")?;
    let listener = UnixListener::from(descriptor);
    listener
        .local_addr()
        .context("what systemd passed is not a Unix socket")?;
    Ok(Some(listener))
}

/// Makes a socket that root and a group may connect to, in place of one that
/// is left over. It has its name only once its permissions are right.
pub(crate) fn bind(path: &Path, group: Option<u32>) -> Result<UnixListener> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = Path::new(&unfinished);
    let listener = || {
        if unfinished.exists() {
            std::fs::remove_file(unfinished)?;
        }
        let listener = UnixListener::bind(unfinished)?;
        chown(unfinished, None, group)?;
        std::fs::set_permissions(unfinished, Permissions::from_mode(0o660))?;
        std::fs::rename(unfinished, path)?;
        Ok::<_, std::io::Error>(listener)
    };
    listener().with_context(|| format!("failed to make the socket {}", path.display()))
}
