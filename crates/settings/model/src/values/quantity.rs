//! Amounts of resources in Kubernetes.

use super::text_type;

text_type! {
    /// A quantity of Kubernetes: a decimal number, then perhaps a unit (`n`, `u`,
    /// `m`, `k`, `M`, `G`, `T`, `P`, `E`, or `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei` for
    /// powers of 1024) or an exponent: `100m`, `1.5Gi`, `129e6`.
    Quantity, "quantity", check,
    "pattern" = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$"
}

impl Quantity {
    /// Whether it is below zero.
    pub fn is_negative(&self) -> bool {
        is_negative(self.as_ref())
    }
}

text_type! {
    /// When to evict: a quantity, such as `100Mi`, or a share of what there is,
    /// such as `10%`, up to `100%`. It is not negative.
    EvictionThreshold, "eviction threshold", |text| {
        let Some(share) = text.strip_suffix('%') else {
            return match check(text) {
                Ok(()) if is_negative(text) => Err("it must not be negative"),
                result => result,
            };
        };
        let digits = share.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match share.parse::<f64>() {
            Ok(share) if digits && (0.0..=100.0).contains(&share) => Ok(()),
            _ => Err("its share must be a number from 0 to 100"),
        }
    },
    "pattern" = r"^[+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(%|n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+)?$"
}

fn check(text: &str) -> Result<(), &'static str> {
    // No amount of anything needs more; Kubernetes' arithmetic slows down.
    if text.len() > 64 {
        return Err("it must have at most 64 characters");
    }
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = number
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(number.len());
    let (number, unit) = number.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return Err("it must start with a number");
    }
    match unit {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" | "Ki" | "Mi" | "Gi" | "Ti"
        | "Pi" | "Ei" => Ok(()),
        "K" => Err("its unit must be `k` for 1000 or `Ki` for 1024"),
        _ if is_exponent(unit) => Ok(()),
        _ => Err("its unit must be one of Kubernetes', such as `m`, `M` or `Mi`"),
    }
}

fn is_exponent(text: &str) -> bool {
    text.strip_prefix(['e', 'E'])
        .map(|digits| digits.strip_prefix(['+', '-']).unwrap_or(digits))
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_negative(text: &str) -> bool {
    text.starts_with('-') && text.bytes().any(|b| matches!(b, b'1'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    const NUMBER: &str = "it must start with a number";
    const UNIT: &str = "its unit must be one of Kubernetes', such as `m`, `M` or `Mi`";

    #[test]
    fn quantities() {
        table::<Quantity>(
            &[
                "0", "100m", "1024M", "1Gi", "1.5Gi", ".5", "5.", "129e6", "1E3", "1e-3", "1000n",
                "-1", "+1k", "1E",
            ],
            &[
                ("", NUMBER),
                (".", NUMBER),
                ("-", NUMBER),
                ("1..5", NUMBER),
                ("1.2.3", NUMBER),
                ("Mi", NUMBER),
                ("12ki", UNIT),
                ("100e23m", UNIT),
                ("1KTi", UNIT),
                ("1 Mi", UNIT),
                ("1MiB", UNIT),
                ("12%", UNIT),
                ("1e", UNIT),
                ("1e+", UNIT),
                ("100K", "its unit must be `k` for 1000 or `Ki` for 1024"),
                (&"1".repeat(65), "it must have at most 64 characters"),
            ],
        );
        for (text, negative) in [("-1", true), ("-0", false), ("1", false), ("-0.1Mi", true)] {
            assert_eq!(
                text.parse::<Quantity>().unwrap().is_negative(),
                negative,
                "{text}"
            );
        }
    }

    #[test]
    fn thresholds() {
        let share = "its share must be a number from 0 to 100";
        table::<EvictionThreshold>(
            &["0%", "10%", "12.5%", "100%", "100Mi", "1e6"],
            &[
                ("", NUMBER),
                ("%", share),
                ("-1%", share),
                ("+1%", share),
                ("101%", share),
                ("1e1%", share),
                ("inf%", share),
                ("NaN%", share),
                ("-1Mi", "it must not be negative"),
                ("1mi", UNIT),
            ],
        );
    }
}
