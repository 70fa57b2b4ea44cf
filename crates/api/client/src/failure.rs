//! What the program says when it could not do what was asked.

use std::fmt;

use apiclient::{assignment, user_data};
use settings_model::{json, key};

/// Displayed as `error: …`, then the line of the user's input it is about,
/// then what to do about it.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// Several things are wrong.
    Several(Vec<Failure>),
    /// The command line does, but it could not be done.
    Failed {
        message: String,
        excerpt: Option<String>,
        hint: Option<String>,
    },
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Self::Failed {
            message: message.into(),
            excerpt: None,
            hint: None,
        }
    }

    /// Adds a hint, unless there is one already.
    pub fn or_hint(self, other: Option<String>) -> Self {
        match self {
            Self::Failed {
                message,
                excerpt,
                hint,
            } => Self::Failed {
                message,
                excerpt,
                hint: hint.or(other),
            },
            other => other,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => write!(f, "error: {message}"),
            Self::Several(failures) => {
                for (position, failure) in failures.iter().enumerate() {
                    let gap = if position == 0 { "" } else { "\n\n" };
                    write!(f, "{gap}{failure}")?;
                }
                Ok(())
            }
            Self::Failed {
                message,
                excerpt,
                hint,
            } => {
                write!(f, "error: {message}")?;
                for line in excerpt.iter().flat_map(|text| text.lines()) {
                    write!(f, "\n{line}")?;
                }
                match hint {
                    Some(hint) => write!(f, "\nhint: {hint}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl From<apiclient::Error> for Failure {
    fn from(error: apiclient::Error) -> Self {
        Self::new(error.to_string()).or_hint(error.hint().map(str::to_owned))
    }
}

impl From<user_data::Error> for Failure {
    fn from(error: user_data::Error) -> Self {
        Self::Failed {
            message: error.to_string(),
            excerpt: error.excerpt().map(str::to_owned),
            hint: None,
        }
    }
}

impl From<assignment::Error> for Failure {
    fn from(error: assignment::Error) -> Self {
        let hint = match &error {
            assignment::Error::NoValue(_) => Some("for example `motd=\"Hello\"`"),
            assignment::Error::List { .. } => {
                Some(r#"for example `ntp.time-servers=a,b` or `ntp.time-servers='["a", "b"]'`"#)
            }
            _ => None,
        };
        Self::new(error.to_string()).or_hint(hint.map(str::to_owned))
    }
}

impl From<json::Error> for Failure {
    fn from(error: json::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<key::Error> for Failure {
    fn from(error: key::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<files::Error> for Failure {
    fn from(error: files::Error) -> Self {
        Self::new(error.to_string())
    }
}
