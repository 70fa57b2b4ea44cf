//! Names that become file names.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// A name that cannot be used. The text is not repeated whole: it may be long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` must have 1 to 128 characters of `a-zA-Z0-9._+-` and must not start with `.`",
    .0.chars().take(64).collect::<String>().escape_debug()
)]
pub struct BadName(String);

/// The name of a transaction: 1 to 128 characters of `a-zA-Z0-9._+-`, not
/// starting with a dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionName(String);

impl FromStr for TransactionName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        check(text)?;
        Ok(TransactionName(text.to_owned()))
    }
}

impl AsRef<str> for TransactionName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for TransactionName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransactionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text can name a file: nothing in it leaves its folder, and a
/// leading dot is for temporary files.
pub(crate) fn check(text: &str) -> Result<(), BadName> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'+' | b'-');
    if (1..=128).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(BadName(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = "a".repeat(128);
        for good in ["default", "bottlerocket-launch", "a.b_c+d-1", "-", &longest] {
            assert_eq!(good.parse::<TransactionName>().unwrap().as_ref(), good);
        }
        let too_long = "a".repeat(129);
        for bad in [
            "", ".", "..", ".hidden", "a/b", "../a", "a b", "a\0", "é", "a\n", &too_long,
        ] {
            assert!(bad.parse::<TransactionName>().is_err(), "{bad:?}");
        }
        assert_eq!(
            "\u{1b}[2J/"
                .parse::<TransactionName>()
                .unwrap_err()
                .to_string(),
            "`\\u{1b}[2J/` must have 1 to 128 characters of `a-zA-Z0-9._+-` and must not start with `.`"
        );
    }
}
