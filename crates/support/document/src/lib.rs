//! Documents that people write: where in them a mistake is, what was meant,
//! and how to read them although they may be hostile.

mod nearest;
mod position;

use std::{io, thread};

pub use nearest::nearest;
pub use position::{Position, excerpt};

/// The TOML parser bounds nesting to 80 levels and dotted keys to 80 names, so
/// a tree can be 80 × 80 deep. To build and drop that takes less than 4 MiB,
/// which is more than a thread has by default.
const STACK_BYTES: usize = 16 * 1024 * 1024;

/// Does `work`, which reads a TOML document, where the stack is deep enough
/// for every tree that the parser returns. Fails if there can be no thread.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, work)?.join() {
            Ok(result) => Ok(result),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
