//! Migrations: how settings that one version of the OS stored become settings
//! that another version understands, in both directions.
//!
//! A [`Migration`] is a list of [`Step`]s. It changes the payload of a
//! generation, the document the settings store keeps:
//!
//! ```text
//! {"format": 1, "number": 41, …,
//!  "layers":    {LAYER: {KEY: {"value": …, …}}},
//!  "set-aside": {STEP: {LAYER: {KEY: {"entry": …, "became": …}}}}}
//! ```
//!
//! Everything else in it passes through untouched.
//!
//! # The way back
//!
//! `backward(forward(x)) == x` holds for every payload and every step, also
//! for one that loses information. It is not up to the steps: each only says
//! what a setting becomes. Whatever the way back would not restore by itself is
//! put into `set-aside`, and the way back takes it from there. So a setting
//! that the new version has no more is there again after a downgrade.
//!
//! What somebody has changed in the meantime counts more than what was set
//! aside.
//!
//! # Programs
//!
//! Each migration is a static program of its own, [`run`] around its steps, so
//! that one that was released stays as it was released.

mod engine;
mod error;
mod key;
mod payload;
mod program;
mod step;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub use error::Error;
pub use program::run;
pub use step::Step;

use payload::Payload;

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To the newer version.
    Forward,
    /// To the older version.
    Backward,
}

impl Direction {
    /// The way back.
    pub fn reverse(self) -> Direction {
        match self {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        }
    }

    /// The word for it, as in the options of a migration's program.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Forward => "forward",
            Direction::Backward => "backward",
        }
    }
}

/// What changed between two versions of the settings.
#[derive(Debug)]
pub struct Migration {
    name: String,
    steps: Vec<Step>,
}

impl Migration {
    /// A migration of steps that are taken in this order, and backward in the
    /// opposite one. Without steps it changes nothing.
    ///
    /// What is set aside is found again by the name and the position of the
    /// step: once released, neither may change.
    pub fn new(name: &str, steps: impl IntoIterator<Item = Step>) -> Migration {
        Migration {
            name: name.to_owned(),
            steps: steps.into_iter().collect(),
        }
    }

    /// Changes the payload of a generation. Fails if it is none.
    pub fn apply(&self, direction: Direction, payload: Value) -> Result<Value, Error> {
        let mut payload = Payload::open(payload)?;
        let mut steps: Vec<(usize, &Step)> = self.steps.iter().enumerate().collect();
        if direction == Direction::Backward {
            steps.reverse();
        }
        for (position, step) in steps {
            let label =
                |direction: Direction| format!("{} {position} {}", self.name, direction.name());
            let kept = payload.take_aside(&label(direction.reverse()))?;
            let kept = engine::pass(step, direction, &mut payload.layers, kept);
            payload.put_aside(label(direction), kept)?;
        }
        payload.close()
    }
}
