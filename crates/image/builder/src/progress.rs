//! Telling the person at the terminal what takes time.

use std::time::Instant;

/// A step under way; on its end it says how long it took.
#[derive(Debug)]
pub(crate) struct Step {
    name: String,
    start: Instant,
}

impl Step {
    /// Announces a step.
    pub(crate) fn begin(name: impl Into<String>) -> Step {
        let name = name.into();
        eprintln!("==> {name}");
        Step {
            name,
            start: Instant::now(),
        }
    }

    /// Says that the step is done, if it took long enough to be worth it.
    pub(crate) fn end(self) {
        let seconds = self.start.elapsed().as_secs_f64();
        if seconds >= 1.0 {
            eprintln!("    {}: {seconds:.1} s", self.name);
        }
    }
}
