//! Durations as Go writes them.

use std::time::Duration;

use super::text_type;

text_type! {
    /// A duration as Go's `time.ParseDuration` reads it: numbers with their
    /// units, from the longest to the shortest or in any other order, such as
    /// `30s`, `1h30m` or `1.5h`; or `0`. Units are `h`, `m`, `s`, `ms`, `us` and
    /// `ns`. It is not negative.
    GoDuration, "duration", |text| parse(text).map(|_| ()),
    "pattern" = "^(0|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$"
}

impl GoDuration {
    /// The length of time, without what is shorter than a nanosecond.
    pub fn to_duration(&self) -> Duration {
        Duration::from_nanos(parse(self.as_ref()).unwrap_or_default())
    }
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60 * 1_000_000_000),
    ("h", 3600 * 1_000_000_000),
];

/// The nanoseconds. Go keeps them as a signed number of 64 bits.
fn parse(text: &str) -> Result<u64, &'static str> {
    const TOO_LONG: &str = "it must be shorter than 292 years";
    if text == "0" {
        return Ok(0);
    }
    if text.is_empty() {
        return Err("it must not be empty");
    }
    if text.starts_with(['-', '+']) {
        return Err("it must not have a sign");
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (number, after) = split_at(rest, |c| !(c.is_ascii_digit() || c == '.'));
        let (unit, next) = split_at(after, |c| c.is_ascii_digit() || c == '.');
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') {
            return Err("it must consist of numbers with units, such as `1h30m`");
        }
        let scale = UNITS
            .iter()
            .find_map(|(name, scale)| (*name == unit).then_some(*scale))
            .ok_or("each number must have a unit: `h`, `m`, `s`, `ms`, `us` or `ns`")?;
        let whole: u64 = match whole {
            "" => 0,
            digits => digits.parse().map_err(|_| TOO_LONG)?,
        };
        total = whole
            .checked_mul(scale)
            .and_then(|part| part.checked_add(part_of(fraction, scale)))
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= i64::MAX as u64)
            .ok_or(TOO_LONG)?;
        rest = next;
    }
    Ok(total)
}

/// A decimal fraction of a unit, rounded down.
fn part_of(fraction: &str, scale: u64) -> u64 {
    let mut part = 0;
    let mut place = scale;
    for digit in fraction.bytes() {
        place /= 10;
        part += u64::from(digit - b'0') * place;
    }
    part
}

fn split_at(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn durations() {
        let unit = "each number must have a unit: `h`, `m`, `s`, `ms`, `us` or `ns`";
        let number = "it must consist of numbers with units, such as `1h30m`";
        let long = "it must be shorter than 292 years";
        table::<GoDuration>(
            &[
                "0",
                "0s",
                "9ms",
                "1h2m3s10ms",
                "1.5h3.5m",
                ".5s",
                "1.s",
                "3µs",
                "2m1h",
                "9ns",
            ],
            &[
                ("", "it must not be empty"),
                ("100", unit),
                ("10 s", unit),
                ("1d", unit),
                ("1H", unit),
                (".s", number),
                ("s", number),
                ("1..5s", number),
                ("ten seconds", number),
                ("-1s", "it must not have a sign"),
                ("+1s", "it must not have a sign"),
                ("9999999h", long),
                ("99999999999999999999s", long),
            ],
        );
    }

    #[test]
    fn lengths() {
        for (text, nanoseconds) in [
            ("0", 0),
            ("1.5h", 5_400_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.000000001s", 1_000_000_001),
            ("0.9ns", 0),
            ("1ms1us1ns", 1_001_001),
        ] {
            let duration: GoDuration = text.parse().unwrap();
            assert_eq!(
                duration.to_duration(),
                Duration::from_nanos(nanoseconds),
                "{text}"
            );
        }
    }
}
