//! "Did you mean ...?"

/// The candidate that is nearest to a mistyped word, if one is near enough to
/// be what was meant.
pub fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(64).collect();
    // One slip in a short word, up to three in a long one.
    let tolerated = (word.len() / 3).clamp(1, 3);
    candidates
        .iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate.chars().collect();
            (distance(&word, &letters), *candidate)
        })
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edit distance where swapping two neighbours counts once (optimal string
/// alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slips_are_guessed() {
        let fields = ["time-servers", "options", "motd", "ntp"];
        for (word, guess) in [
            ("time-server", Some("time-servers")),
            ("time_servers", Some("time-servers")),
            ("tiem-servers", Some("time-servers")),
            ("mtod", Some("motd")),
            ("npt", Some("ntp")),
            ("option", Some("options")),
            ("", None),
            ("nothing-alike", None),
            ("xyz", None),
        ] {
            assert_eq!(nearest(word, &fields), guess, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(10_000_000), &fields), None);
    }
}
