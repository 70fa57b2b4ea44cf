//! The accesses a probe tries. Each returns the kernel's own answer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::ptr::null_mut;

use dev_protocol::Check;
use rustix::fs::{CWD, FileType, Mode, XattrFlags, makedev, mknodat, setxattr};
use rustix::mount::{MountFlags, mount_remount};

/// `MODULE_INIT_COMPRESSED_FILE` of `finit_module(2)`.
const COMPRESSED_MODULE: i32 = 4;

pub(crate) fn attempt(check: &Check) -> io::Result<()> {
    match check {
        Check::OpenRead { path } => open_read(path),
        Check::OpenWrite { path } => options().write(true).open(path).map(drop),
        Check::Write { path, text } => write(path, text),
        Check::Create { path } => options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map(drop),
        Check::Unlink { path } => fs::remove_file(path),
        Check::SetLabel { path, label } => {
            let flags = XattrFlags::empty();
            Ok(setxattr(path, "security.selinux", label.as_bytes(), flags)?)
        }
        Check::RemountRw { path } => Ok(mount_remount(path, MountFlags::empty(), "")?),
        Check::Connect { path } => UnixStream::connect(path).map(drop),
        Check::Setenforce { enforcing } => write(
            "/sys/fs/selinux/enforce",
            if *enforcing { "1" } else { "0" },
        ),
        Check::LoadModule { path } => load_module(path),
        Check::Ptrace { pid } => seize(*pid),
        Check::MknodBlock { path, major, minor } => {
            let device = makedev(*major, *minor);
            Ok(mknodat(
                CWD,
                path,
                FileType::BlockDevice,
                Mode::RUSR | Mode::WUSR,
                device,
            )?)
        }
        Check::Exec { path } => execute(path),
    }
}

/// Never blocks on a FIFO or device, and never makes a terminal ours.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options
}

fn open_read(path: &str) -> io::Result<()> {
    let mut file = options().read(true).open(path)?;
    if file.metadata()?.is_dir() {
        return fs::read_dir(path)?.next().transpose().map(drop);
    }
    match file.read(&mut [0]) {
        // Nothing to read right now, but it may be read.
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// In one piece: the kernel's files take no other.
fn write(path: &str, text: &str) -> io::Result<()> {
    rustix::io::write(options().write(true).open(path)?, text.as_bytes())?;
    Ok(())
}

fn load_module(path: &str) -> io::Result<()> {
    let compressed = [".xz", ".zst", ".gz"].iter().any(|s| path.ends_with(s));
    let flags = if compressed { COMPRESSED_MODULE } else { 0 };
    Ok(rustix::system::finit_module(File::open(path)?, c"", flags)?)
}

/// Ends with this process: the kernel then lets the other one go.
fn seize(pid: i32) -> io::Result<()> {
    // SAFETY: PTRACE_SEIZE takes no pointers; both are documented to be zero.
    let answer =
        unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, null_mut::<u8>(), null_mut::<u8>()) };
    if answer == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn execute(path: &str) -> io::Result<()> {
    let mut child = Command::new(path).spawn()?;
    // It did start, which is the answer; it may have ended by itself already.
    let _ = child.kill().and_then(|()| child.wait());
    Ok(())
}
