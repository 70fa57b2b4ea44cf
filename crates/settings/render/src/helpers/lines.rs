//! Filters that keep a value from becoming more than a value: settings are
//! validated where they enter, but a template must not depend on that.

use minijinja::{Environment, Error};

use super::refuse;

/// Makes the filters known to the templates.
pub fn add_to(environment: &mut Environment<'_>) {
    environment.add_filter("one_line", one_line);
    environment.add_filter("word", word);
    environment.add_filter("word_or_empty", word_or_empty);
    environment.add_filter("env", env);
    environment.add_filter("sysctl_key", sysctl_key);
    environment.add_filter("poll_interval", poll_interval);
}

/// Text on one line: refuses line breaks and other control characters, save
/// tabs.
fn one_line(text: String) -> Result<String, Error> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return refuse("the value holds a control character");
    }
    Ok(text)
}

/// One word of a list separated by blanks: not empty, and nothing that
/// systemd.syntax(7) would split or unescape.
fn word(text: String) -> Result<String, Error> {
    let special = |c: char| c.is_control() || c.is_whitespace() || "\"\\".contains(c);
    if text.is_empty() || text.chars().any(special) {
        return refuse("the value is not one plain word");
    }
    Ok(text)
}

/// One word, or nothing.
fn word_or_empty(text: String) -> Result<String, Error> {
    if text.is_empty() {
        return Ok(text);
    }
    word(text)
}

/// Text as the value of a variable in an environment file (systemd.exec(5)),
/// between double quotes.
fn env(text: String) -> Result<String, Error> {
    if text.chars().any(char::is_control) {
        return refuse("the value holds a control character");
    }
    let escaped = text.chars().fold(String::new(), |mut out, c| {
        if "\"\\$`".contains(c) {
            out.push('\\');
        }
        out.push(c);
        out
    });
    Ok(format!("\"{escaped}\""))
}

/// A key of sysctl.d(5): letters, digits, `_`, `-`, with `.` or `/` between
/// the parts, so nothing that the format takes for a pattern or a comment.
fn sysctl_key(text: String) -> Result<String, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let bad_start = text.is_empty() || text.starts_with(['.', '/']);
    if bad_start || !text.chars().all(plain) || text.contains("..") {
        return refuse("the key is not the name of a kernel parameter");
    }
    Ok(text)
}

/// The part of chrony's server options that systemd-timesyncd knows:
/// `minpoll` and `maxpoll`, powers of two in seconds, as the lines of
/// timesyncd.conf(5). Other options have no counterpart and give no line.
///
/// timesyncd wants a minimum of at least 16 s and a larger maximum; its own
/// defaults, 32 s and 2048 s, stand in for the one that is not given.
fn poll_interval(options: Vec<String>) -> Vec<String> {
    let words: Vec<&str> = options.iter().flat_map(|o| o.split_whitespace()).collect();
    let seconds = |option: &str| {
        let position = words.iter().rposition(|w| *w == option)?;
        // Chrony's own bounds.
        let power: i32 = words.get(position + 1)?.parse().ok()?;
        (-7..=24).contains(&power).then(|| 1_u32 << power.max(0))
    };
    let (minimum, maximum) = (seconds("minpoll"), seconds("maxpoll"));
    if minimum.is_none() && maximum.is_none() {
        return Vec::new();
    }
    let wanted = maximum.unwrap_or(2048);
    let minimum = minimum.unwrap_or_else(|| 32.min(wanted / 2)).max(16);
    let maximum = wanted.max(2 * minimum);
    vec![
        format!("PollIntervalMinSec={minimum}"),
        format!("PollIntervalMaxSec={maximum}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_more_than_a_value_are_refused() {
        type Filter = fn(String) -> Result<String, Error>;
        let cases: &[(Filter, &[&str], &[&str])] = &[
            (
                one_line,
                &["", "a b", "1\t2", " é\"'\\ "],
                &["a\nb", "a\r", "\0", "\u{1b}[1m", "\u{85}"],
            ),
            (
                word,
                &["a", "2.pool.ntp.org", "fd00::1", "node-1.example"],
                &["", " ", "a b", "a\nb", "a\u{2028}b", "\"a\"", "a\\x20b"],
            ),
            (
                sysctl_key,
                &["vm.swappiness", "net/ipv4/conf/eth0.1/forwarding", "-a_b-c"],
                &[
                    "", ".a", "/a", "a..b", "a b", "a=b", "a*", "#a", "a\nb", "é",
                ],
            ),
        ];
        for (filter, good, bad) in cases {
            for text in *good {
                assert_eq!(filter(text.to_string()).unwrap(), *text);
            }
            for text in *bad {
                assert!(filter(text.to_string()).is_err(), "{text:?}");
            }
        }
    }

    #[test]
    fn poll_intervals_are_what_timesyncd_accepts() {
        type Intervals = Option<(u32, u32)>;
        let cases: &[(&[&str], Intervals)] = &[
            (&[], None),
            (&["iburst", "prefer"], None),
            (&["minpoll 6", "maxpoll 10"], Some((64, 1024))),
            (&["iburst minpoll 6 maxpoll 10"], Some((64, 1024))),
            (&["minpoll", "6"], Some((64, 2048))),
            (&["minpoll 1 maxpoll 2"], Some((16, 32))),
            (&["minpoll -3"], Some((16, 2048))),
            (&["maxpoll 5"], Some((16, 32))),
            (&["minpoll 12"], Some((4096, 8192))),
            (&["minpoll 24 maxpoll 24"], Some((1 << 24, 1 << 25))),
            (&["minpoll 4", "minpoll 5"], Some((32, 2048))),
            (&["minpoll 25"], None),
            (&["minpoll"], None),
            (&["minpoll x\nNTP=evil"], None),
        ];
        for (options, expected) in cases {
            let lines = poll_interval(options.iter().map(|o| o.to_string()).collect());
            let expected = expected.map_or_else(Vec::new, |(minimum, maximum)| {
                vec![
                    format!("PollIntervalMinSec={minimum}"),
                    format!("PollIntervalMaxSec={maximum}"),
                ]
            });
            assert_eq!(lines, expected, "{options:?}");
        }
    }
}
