//! How long to ask, and how often.

use std::time::{Duration, Instant};

/// The wait before the second attempt; it doubles from there on.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// No wait is longer.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// How long a service is asked before it is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first attempt to the last.
    pub limit: Duration,
    /// For one attempt.
    pub attempt: Duration,
}

impl Default for Patience {
    /// As long as a network takes that has to negotiate: five minutes.
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(300),
            attempt: Duration::from_secs(5),
        }
    }
}

impl Patience {
    /// The moments to try again, counted from now.
    pub fn attempts(self) -> Attempts {
        Attempts {
            deadline: Instant::now() + self.limit,
            wait: FIRST_WAIT,
        }
    }
}

/// What is left of somebody's patience.
#[derive(Debug)]
pub struct Attempts {
    deadline: Instant,
    wait: Duration,
}

impl Attempts {
    /// How long to wait before the next attempt; `None` if there is none.
    /// Up to half of it is random, so that a fleet that starts together does
    /// not ask together.
    pub fn next_wait(&mut self) -> Option<Duration> {
        let left = self.deadline.checked_duration_since(Instant::now())?;
        let wait = self.wait / 2 + (self.wait / 2).mul_f64(random_fraction());
        self.wait = (self.wait * 2).min(MAX_WAIT);
        (wait <= left).then_some(wait)
    }
}

/// From 0 up to 1. The keys of a hash map are random, and that is random
/// enough to spread requests.
fn random_fraction() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(()) >> 32;
    random as f64 / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_end() {
        let patience = Patience {
            limit: Duration::from_secs(3600),
            ..Patience::default()
        };
        let mut attempts = patience.attempts();
        let mut full = FIRST_WAIT;
        for _ in 0..20 {
            let wait = attempts.next_wait().unwrap();
            assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            full = (full * 2).min(MAX_WAIT);
        }
        let mut none = Patience {
            limit: Duration::ZERO,
            ..patience
        }
        .attempts();
        assert_eq!(none.next_wait(), None);
    }
}
