//! Free text, of one line or several.

use super::text_type;

/// Bytes in the message of the day.
const MAX_MOTD: usize = 64 * 1024;

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
    }
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
    }
}

fn breaks_line(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
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
}
