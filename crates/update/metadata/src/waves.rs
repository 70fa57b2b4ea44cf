//! Waves: from when on which nodes of a fleet may take an update.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Seeds are below this number; each node has one, for good.
pub const MAX_SEED: u32 = 2048;

/// The moments at which waves begin, by the lowest seed of each wave. The nodes
/// of a wave are ready one by one between its beginning and the next one's; those
/// of the last wave at once. Nodes with seeds below the first wave are ready from
/// the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Waves(BTreeMap<u32, Timestamp>);

impl Waves {
    /// Waves that begin at these moments.
    ///
    /// # Errors
    ///
    /// See [`Self::check`].
    pub fn new(waves: BTreeMap<u32, Timestamp>, version: &str) -> Result<Self, Error> {
        let waves = Self(waves);
        waves.check(version)?;
        Ok(waves)
    }

    /// Whether there are none: every node may take the update.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The waves, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u32, Timestamp)> {
        self.0.iter().map(|(seed, start)| (*seed, *start))
    }

    /// Whether they are in the order of time, and seeds below [`MAX_SEED`].
    ///
    /// # Errors
    ///
    /// If they are not; `version` is for the message.
    pub fn check(&self, version: &str) -> Result<(), Error> {
        let mut last: Option<Timestamp> = None;
        for (&seed, &start) in &self.0 {
            let version = || version.to_owned();
            if seed >= MAX_SEED {
                let version = version();
                return Err(Error::WaveBound { version, seed });
            }
            if last.is_some_and(|last| start < last) {
                let version = version();
                return Err(Error::WaveOrder { version, seed });
            }
            last = Some(start);
        }
        Ok(())
    }

    /// The moment from which on a node may take the update; `None` if it may at
    /// any time.
    pub fn ready_at(&self, seed: u32) -> Option<Timestamp> {
        let (&first, &start) = self.0.range(..=seed).next_back()?;
        let Some((&next, &end)) = self.0.range(seed + 1..).next() else {
            return Some(start);
        };
        let span = end.duration_since(start).as_secs();
        let share = i64::from(seed - first);
        let seconds = span.saturating_mul(share) / i64::from(next - first);
        Some(
            start
                .checked_add(SignedDuration::from_secs(seconds))
                .unwrap_or(end),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn waves(waves: &[(u32, i64)]) -> Waves {
        let waves = waves.iter().map(|&(seed, start)| (seed, at(start)));
        Waves::new(waves.collect(), "1.0.0").unwrap()
    }

    #[test]
    fn nodes_are_ready_one_by_one() {
        let waves = waves(&[(0, 0), (1024, 1024), (2000, 2000)]);
        for (seed, expected) in [(0, 0), (1, 1), (512, 512), (1024, 1024), (1999, 1999)] {
            assert_eq!(waves.ready_at(seed), Some(at(expected)), "{seed}");
        }
        // The last wave has no end.
        assert_eq!(waves.ready_at(2000), Some(at(2000)));
        assert_eq!(waves.ready_at(2047), Some(at(2000)));
    }

    #[test]
    fn before_the_first_wave_and_without_waves_nobody_waits() {
        assert_eq!(waves(&[]).ready_at(5), None);
        assert_eq!(waves(&[(10, 100)]).ready_at(9), None);
        assert_eq!(waves(&[(10, 100)]).ready_at(10), Some(at(100)));
    }

    #[test]
    fn bad_waves_are_refused() {
        let refused = |waves: &[(u32, i64)]| {
            let waves = waves.iter().map(|&(seed, start)| (seed, at(start)));
            Waves::new(waves.collect(), "1.0.0")
                .unwrap_err()
                .to_string()
        };
        let error = refused(&[(0, 10), (5, 9)]);
        assert!(error.contains("seed 5 starts before"), "{error}");
        let error = refused(&[(0, 10), (2048, 20)]);
        assert!(error.contains("seed 2048"), "{error}");
    }

    proptest! {
        /// Who has a higher seed is never ready earlier, and each within its wave.
        #[test]
        fn higher_seeds_wait_longer(
            starts in prop::collection::btree_map(0u32..MAX_SEED, 0i64..1_000_000, 0..6),
            seed in 0u32..MAX_SEED - 1,
        ) {
            let mut sorted: Vec<i64> = starts.values().copied().collect();
            sorted.sort_unstable();
            let list: Vec<_> = starts.keys().copied().zip(sorted).collect();
            let waves = waves(&list);
            prop_assert!(waves.ready_at(seed) <= waves.ready_at(seed + 1));
            if let Some(ready) = waves.ready_at(seed) {
                prop_assert!(ready >= at(list[0].1));
                prop_assert!(ready <= at(list[list.len() - 1].1));
            }
        }
    }
}
