//! The terminal here.

use std::io;

use exec_protocol::Size;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The size of its window.
pub(super) fn size() -> Option<Size> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    Some(Size {
        rows: size.ws_row,
        cols: size.ws_col,
    })
}

/// A terminal that passes on each key as it is, until this is dropped.
pub(super) struct Raw {
    before: Termios,
}

impl Raw {
    /// Nothing, where there is no terminal.
    pub(super) fn enter() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &raw).ok()?;
        Some(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}
