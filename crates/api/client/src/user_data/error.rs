//! What is wrong with a document, and where.

use std::fmt;

use document::Position;
use settings_model::json;

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
        let excerpt = self.position.and_then(|at| document::excerpt(text, at));
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
