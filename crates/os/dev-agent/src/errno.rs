//! Names of the errors that probes meet.

use std::io;

use libc::*;

macro_rules! names {
    ($($name:ident)*) => { [$(($name, stringify!($name))),*] };
}

const NAMES: [(i32, &str); 41] = names![
    EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM
    EACCES EFAULT ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE
    EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE ENAMETOOLONG
    ENOSYS ELOOP ENODATA ENOTSOCK EPROTOTYPE EOPNOTSUPP ECONNREFUSED ENOKEY
];

/// The symbolic name of an error number, or `errno N`.
pub(crate) fn name(code: i32) -> String {
    NAMES
        .iter()
        .find(|(number, _)| *number == code)
        .map_or_else(|| format!("errno {code}"), |(_, name)| (*name).to_owned())
}

/// The error's number as an exit code; `EIO` for an error of the library.
pub(crate) fn code(error: &io::Error) -> u8 {
    error
        .raw_os_error()
        .and_then(|number| u8::try_from(number).ok())
        .unwrap_or(EIO as u8)
}
