//! Failures to order, for tests: the n-th change to the disk fails, before it
//! is made or after, and perhaps every later one too, as after a crash.

use std::cell::Cell;
use std::io;
use std::path::Path;

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The number of the change that fails, from 0.
    pub at: usize,
    /// The change is made, and reported as failed.
    pub made: bool,
    /// Nothing reaches the disk any more from there on.
    pub crash: bool,
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static DONE: Cell<usize> = const { Cell::new(0) };
}

/// Does some work under a plan. Returns its result, and whether the plan's
/// moment came.
pub(crate) fn under<T>(plan: Plan, work: impl FnOnce() -> T) -> (T, bool) {
    PLAN.set(Some(plan));
    DONE.set(0);
    let result = work();
    PLAN.set(None);
    (result, DONE.get() > plan.at)
}

/// One change to the disk.
pub(crate) fn step(path: &Path, work: impl FnOnce() -> files::Result<()>) -> files::Result<()> {
    let Some(plan) = PLAN.get() else {
        return work();
    };
    let number = DONE.replace(DONE.get() + 1);
    if number < plan.at || (number > plan.at && !plan.crash) {
        return work();
    }
    if number == plan.at && plan.made {
        work()?;
    }
    files::at("write", path, Err(io::Error::other("failure to order")))
}
