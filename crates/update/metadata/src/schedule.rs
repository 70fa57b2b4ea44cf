//! Files that say how an update spreads: waves relative to its release.
//!
//! ```toml
//! [[waves]]
//! start_after = "1 hour"
//! fleet_percentage = 5
//! ```

use std::collections::BTreeMap;

use jiff::{Span, Timestamp};
use serde::Deserialize;

use crate::{MAX_SEED, Waves};

/// How an update spreads. A wave begins when its time has come, and reaches its
/// percentage of all nodes when the next one begins.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    waves: Vec<Wave>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wave {
    /// A span after the release (`1 hour`, `3 days`), or a moment (RFC 3339).
    start_after: String,
    /// Of all nodes, together with the waves before.
    fleet_percentage: u32,
}

/// Why a file is no schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// It is not TOML, or not of this shape.
    #[error("the wave file is not valid: {0}")]
    Toml(#[from] toml::de::Error),
    /// A wave's beginning is neither a span nor a moment.
    #[error("wave {wave}: `{text}` is neither a span such as `1 hour` nor a moment (RFC 3339)")]
    Start {
        /// Which one, from 1.
        wave: usize,
        /// What stands there.
        text: String,
    },
    /// A percentage is none, or not above the one before.
    #[error(
        "wave {wave}: fleet_percentage must be from 1 to 100, and above that of the wave before"
    )]
    Percentage {
        /// Which one, from 1.
        wave: usize,
    },
    /// The moments are not in order.
    #[error(transparent)]
    Order(#[from] crate::Error),
}

impl Schedule {
    /// Reads a wave file.
    ///
    /// # Errors
    ///
    /// If it is not one.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let schedule: Self = toml::from_str(text)?;
        let mut before = 0;
        for (
            wave,
            Wave {
                fleet_percentage, ..
            },
        ) in (1..).zip(&schedule.waves)
        {
            if !(before + 1..=100).contains(fleet_percentage) {
                return Err(ScheduleError::Percentage { wave });
            }
            before = *fleet_percentage;
        }
        Ok(schedule)
    }

    /// The waves of a version that is released at a moment.
    ///
    /// # Errors
    ///
    /// If a beginning makes no sense.
    pub fn waves(&self, release: Timestamp, version: &str) -> Result<Waves, ScheduleError> {
        let mut waves = BTreeMap::new();
        let mut first_seed = 0;
        for (wave, item) in (1..).zip(&self.waves) {
            let text = &item.start_after;
            let start = moment(text, release).ok_or_else(|| ScheduleError::Start {
                wave,
                text: text.clone(),
            })?;
            waves.insert(first_seed, start);
            first_seed = MAX_SEED * item.fleet_percentage / 100;
        }
        // What the last wave does not reach is ready when it begins, as Bottlerocket
        // has it.
        Ok(Waves::new(waves, version)?)
    }
}

fn moment(text: &str, release: Timestamp) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    // Spans of calendar days mean 24 hours here, wherever the node is.
    let span: Span = text.parse().ok()?;
    let zoned = release.to_zoned(jiff::tz::TimeZone::UTC);
    Some(zoned.checked_add(span).ok()?.timestamp())
}
