//! What is wrong with a document, and where.

use std::fmt;

use settings_model::json;

/// No line is quoted beyond this, in characters.
const MAX_QUOTED_CHARS: usize = 120;

/// A place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Why a document is refused. Displayed as `origin:line:column: reason`,
/// without the values of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    origin: String,
    position: Option<Position>,
    reason: String,
    excerpt: Option<String>,
}

impl Error {
    pub(super) fn new(origin: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            position: None,
            reason: reason.into(),
            excerpt: None,
        }
    }

    pub(super) fn of_json(origin: &str, text: &str, error: &json::Error) -> Self {
        use std::error::Error as _;
        let reason = error.to_string();
        match error
            .source()
            .and_then(|e| e.downcast_ref::<serde_json::Error>())
        {
            Some(error) if error.line() > 0 => {
                let (line, column) = (error.line(), error.column().max(1));
                let place = format!(" at line {line} column {}", error.column());
                let reason = reason.strip_suffix(&place).unwrap_or(&reason);
                Self::new(origin, reason)
                    .at(Position { line, column })
                    .quoting(text)
            }
            _ => Self::new(origin, reason),
        }
    }

    pub(super) fn at(self, position: Position) -> Self {
        Self {
            position: Some(position),
            ..self
        }
    }

    pub(super) fn quoting(self, text: &str) -> Self {
        let excerpt = self.position.and_then(|at| excerpt(text, at));
        Self { excerpt, ..self }
    }

    /// Where in the document, if it is about one place.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The line concerned with a mark below the place: for the person who
    /// wrote the document, not for a log, because it holds what they wrote.
    pub fn excerpt(&self) -> Option<&str> {
        self.excerpt.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.origin)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for Error {}

fn excerpt(text: &str, Position { line, column }: Position) -> Option<String> {
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
