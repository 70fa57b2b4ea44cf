//! Values that cannot be wrong: each type checks its text when it is made.

mod hostname;
mod sysctl;
mod text;
mod url;

pub use hostname::Hostname;
pub use sysctl::SysctlKey;
pub use text::{Motd, SingleLineString};
pub use url::Url;

use crate::error::printable;

/// A text that a type of the model refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} `{}`: {reason}", printable(text))]
pub struct BadValue {
    /// What the text was to be.
    pub what: &'static str,
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// Declares a type that holds text for which `check` returns no reason against
/// it, and that is a plain string wherever it is read or written. Words of
/// JSON Schema may follow, as far as they can say what `check` does.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr $(, $word:literal = $value:expr)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[schemars(title = $what $(, extend($word = $value))*)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = $crate::BadValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                match check(&text) {
                    Ok(()) => Ok($name(text)),
                    Err(reason) => Err($crate::BadValue { what: $what, text, reason }),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::BadValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(crate) use text_type;

#[cfg(test)]
pub(crate) mod tests {
    use std::fmt::Debug;
    use std::str::FromStr;

    use crate::BadValue;

    /// Holds a type against what it must take and what it must refuse, and why.
    pub(crate) fn table<T>(good: &[&str], bad: &[(&str, &str)])
    where
        T: FromStr<Err = BadValue> + Debug + AsRef<str>,
    {
        for text in good {
            match text.parse::<T>() {
                Ok(value) => assert_eq!(value.as_ref(), *text),
                Err(e) => panic!("{e}"),
            }
        }
        for (text, reason) in bad {
            match text.parse::<T>() {
                Ok(_) => panic!("{text:?} was taken"),
                Err(e) => assert_eq!(e.reason, *reason, "{text:?}"),
            }
        }
    }
}
