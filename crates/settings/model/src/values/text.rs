//! Free text, of one line or several.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BadValue, text_type};

/// Bytes in the message of the day.
const MAX_MOTD: usize = 64 * 1024;

/// Bytes in an argument: MAX_ARG_STRLEN without the null character at its end.
const MAX_ARGUMENT: usize = 128 * 1024 - 1;

/// Bytes in a line.
const MAX_LINE: usize = 4096;

text_type! {
    /// The message of the day: any text of up to 64 KiB without null
    /// characters.
    Motd, "motd", |text| {
        if text.len() > MAX_MOTD {
            return Err("it must have at most 65536 bytes");
        }
        if text.contains('\0') {
            return Err("it must not contain a null character");
        }
        Ok(())
    },
    "maxLength" = MAX_MOTD
}

text_type! {
    /// Text of up to 4096 bytes without line breaks or other control
    /// characters (a tab is fine), so that it cannot add a line to the file it
    /// is rendered into. It may be empty.
    SingleLineString, "line of text", |text| {
        if text.len() > MAX_LINE {
            return Err("it must have at most 4096 bytes");
        }
        if text.chars().any(breaks_line) {
            return Err("it must be a single line without control characters");
        }
        Ok(())
    },
    "maxLength" = MAX_LINE
}

text_type! {
    /// One argument of a command: up to 131071 bytes (what the kernel takes)
    /// without null characters.
    Argument, "argument", |text| {
        if text.len() > MAX_ARGUMENT {
            return Err("it must have at most 131071 bytes");
        }
        if text.contains('\0') {
            return Err("it must not contain a null character");
        }
        Ok(())
    },
    "maxLength" = MAX_ARGUMENT
}

/// A command with its arguments. Its first word is `apiclient`, since that is
/// the only program it may call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<Argument>", into = "Vec<Argument>")]
#[schemars(extend("prefixItems" = [{"const": "apiclient"}], "minItems" = 1))]
pub struct ApiclientCommand(Vec<Argument>);

impl ApiclientCommand {
    /// The words, `apiclient` among them.
    pub fn words(&self) -> &[Argument] {
        &self.0
    }
}

impl TryFrom<Vec<Argument>> for ApiclientCommand {
    type Error = BadValue;

    fn try_from(words: Vec<Argument>) -> Result<Self, BadValue> {
        match words.first() {
            Some(first) if first.as_ref() == "apiclient" => Ok(ApiclientCommand(words)),
            first => Err(BadValue {
                what: "command",
                text: first.map_or_else(String::new, ToString::to_string),
                reason: "its first word must be `apiclient`",
            }),
        }
    }
}

impl From<ApiclientCommand> for Vec<Argument> {
    fn from(command: ApiclientCommand) -> Self {
        command.0
    }
}

fn breaks_line(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{forms, table};
    use super::*;

    #[test]
    fn motd() {
        let largest = "é".repeat(32 * 1024);
        let too_large = format!("{largest}a");
        table::<Motd>(
            &["", "two\nlines\r\n\t\u{1b}[1mbold", &largest],
            &[
                (&too_large, "it must have at most 65536 bytes"),
                ("a\0", "it must not contain a null character"),
            ],
        );
    }

    #[test]
    fn lines() {
        let longest = "a".repeat(4096);
        let too_long = "a".repeat(4097);
        let broken = "it must be a single line without control characters";
        table::<SingleLineString>(
            &["", "4096\t87380 6291456", "größer", &longest],
            &[
                (&too_long, "it must have at most 4096 bytes"),
                ("a\n", broken),
                ("a\rb", broken),
                ("a\0", broken),
                ("\u{85}", broken),
                ("\u{2028}", broken),
                ("\u{2029}", broken),
                ("\u{1b}[1m", broken),
            ],
        );
    }

    #[test]
    fn arguments() {
        let longest = "a".repeat(MAX_ARGUMENT);
        table::<Argument>(
            &["", "two\nlines", &longest],
            &[
                (&format!("{longest}a"), "it must have at most 131071 bytes"),
                ("a\0", "it must not contain a null character"),
            ],
        );
    }

    #[test]
    fn commands() {
        let reason = "its first word must be `apiclient`";
        forms::<ApiclientCommand>(
            &[(
                json!(["apiclient", "set", "motd=a"]),
                json!(["apiclient", "set", "motd=a"]),
            )],
            &[
                (json!([]), &format!("invalid command ``: {reason}")),
                (
                    json!(["/bin/rm", "x"]),
                    &format!("invalid command `/bin/rm`: {reason}"),
                ),
                (
                    json!("apiclient"),
                    "invalid type: string \"apiclient\", expected a sequence",
                ),
            ],
        );
    }
}
