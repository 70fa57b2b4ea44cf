//! Waiting for the kernel to announce a device.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::netlink::{KOBJECT_UEVENT, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use std::time::Duration;

/// The multicast group of the kernel itself (udev has the next).
const KERNEL_EVENTS: u32 = 1;

/// A subscription to the kernel's device events.
#[derive(Debug)]
pub struct Events {
    socket: OwnedFd,
}

impl Events {
    /// Subscribes. What is announced from now on ends the next [`wait`], so
    /// subscribing before looking leaves no gap.
    ///
    /// [`wait`]: Self::wait
    pub fn subscribe() -> Result<Self, Errno> {
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            Some(KOBJECT_UEVENT),
        )?;
        bind(&socket, &SocketAddrNetlink::new(0, KERNEL_EVENTS))?;
        Ok(Self { socket })
    }

    /// Returns when the kernel has announced something, or at the latest after
    /// `limit`. What was announced does not matter: whoever waits looks at all
    /// disks again, which also covers events that were lost.
    pub fn wait(&self, limit: Duration) -> Result<(), Errno> {
        let limit = Timespec {
            tv_sec: limit.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        };
        let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut sockets, Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
        // Events come in swarms; all that are here are one reason to look.
        let mut event = [0; 4096];
        loop {
            match recv(&self.socket, &mut event[..], RecvFlags::empty()) {
                Ok(_) | Err(Errno::INTR | Errno::NOBUFS) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
