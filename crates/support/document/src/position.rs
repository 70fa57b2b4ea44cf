//! Places in a text.

/// No line is quoted beyond this, in characters.
const MAX_QUOTED_CHARS: usize = 120;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl Position {
    /// The place of a byte offset.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let start = before
            .iter()
            .rposition(|b| *b == b'\n')
            .map_or(0, |at| at + 1);
        // Counting the bytes that start a character also works in the middle of one.
        let chars = before[start..]
            .iter()
            .filter(|b| **b & 0xc0 != 0x80)
            .count();
        Self {
            line: before.iter().filter(|b| **b == b'\n').count() + 1,
            column: chars + 1,
        }
    }
}

/// The line of a place, with a mark below the column; `None` if the text has
/// no such line. It shows what the document's writer wrote: not for a log if
/// that may be a secret.
pub fn excerpt(text: &str, Position { line, column }: Position) -> Option<String> {
    let quoted = text.split('\n').nth(line - 1)?.trim_end_matches('\r');
    // A long line is quoted around the place.
    let skipped = column.saturating_sub(MAX_QUOTED_CHARS - 20).max(1) - 1;
    let shown: String = quoted
        .chars()
        .skip(skipped)
        .take(MAX_QUOTED_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let mark = " ".repeat(column - 1 - skipped);
    Some(format!(
        "{gutter} |\n{number} | {}\n{gutter} | {mark}^",
        shown.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "a\n\u{e9}b\r\n";
        let cases = [
            (0, (1, 1)),
            (1, (1, 2)),
            (2, (2, 1)),
            // In the middle of a character: the place behind it.
            (3, (2, 2)),
            (4, (2, 2)),
            (7, (3, 1)),
            (99, (3, 1)),
        ];
        for (offset, (line, column)) in cases {
            assert_eq!(
                Position::of(text, offset),
                Position { line, column },
                "{offset}"
            );
        }
    }

    #[test]
    fn the_line_of_a_place_is_quoted() {
        let at = |line, column| Position { line, column };
        assert_eq!(
            excerpt("x\n\ta = \u{e9}\r\n", at(2, 6)).as_deref(),
            Some("  |\n2 |  a = \u{e9}\n  |      ^")
        );
        assert_eq!(excerpt("x", at(2, 1)), None);
        let long = format!("{}!{}", "a".repeat(1000), "b".repeat(1000));
        let quoted = excerpt(&long, at(1, 1001)).unwrap();
        let lines: Vec<_> = quoted.lines().collect();
        assert!(lines[1].len() < 130, "{quoted}");
        assert_eq!(lines[1].as_bytes()[lines[2].len() - 1], b'!', "{quoted}");
    }
}
