//! Versions of the system.

use super::text_type;

text_type! {
    /// The version to update to: `latest`, or one version by its number
    /// (Semantic Versioning 2.0, such as `1.20.5`), perhaps with a `v` before it.
    VersionLock, "version", |text| {
        if text == "latest" || is_semver(text.strip_prefix('v').unwrap_or(text)) {
            Ok(())
        } else {
            Err("it must be `latest` or a version such as `1.20.5`")
        }
    },
    "pattern" = r"^(latest|v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?)$"
}

fn is_semver(text: &str) -> bool {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (core, early) = match text.split_once('-') {
        Some((core, early)) => (core, Some(early)),
        None => (text, None),
    };
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|number| is_number(number))
        && build.is_none_or(|build| build.split('.').all(is_word))
        && early.is_none_or(|early| {
            early.split('.').all(|word| {
                is_word(word) && (is_number(word) || !word.bytes().all(|b| b.is_ascii_digit()))
            })
        })
}

/// A number without leading zeros that fits 64 bits.
fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
        && text.parse::<u64>().is_ok()
        && (text == "0" || !text.starts_with('0'))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn versions() {
        let bad = "it must be `latest` or a version such as `1.20.5`";
        table::<VersionLock>(
            &[
                "latest",
                "1.0.0",
                "v1.20.5",
                "1.0.1-alpha",
                "v1.0.2-rc.1.x-y+build.01",
            ],
            &[
                ("", bad),
                ("Latest", bad),
                ("1", bad),
                ("1.0", bad),
                ("v", bad),
                ("vv1.0.0", bad),
                ("1.0.0.0", bad),
                ("01.0.0", bad),
                ("1.0.0-", bad),
                ("1.0.0-a.01", bad),
                ("1.0.0+", bad),
                ("1.0.0 ", bad),
                ("99999999999999999999.0.0", bad),
            ],
        );
    }
}
