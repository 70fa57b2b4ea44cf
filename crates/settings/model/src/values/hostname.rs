//! Names of machines.

use super::text_type;

text_type! {
    /// A host name: 1 to 253 characters of `0-9a-z.-`, in labels of 1 to 63
    /// characters, not starting with `-` or `.`.
    Hostname, "hostname", check
}

fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 253 {
        return Err("it must have 1 to 253 characters");
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("it must be in lower case");
    }
    if !name
        .bytes()
        .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z' | b'.' | b'-'))
    {
        return Err("it must consist of letters, digits, `.` and `-`");
    }
    if name.starts_with(['-', '.']) {
        return Err("it must not start with `-` or `.`");
    }
    if name
        .split('.')
        .any(|label| label.is_empty() || label.len() > 63)
    {
        return Err("each part between dots must have 1 to 63 characters");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn hostnames() {
        let long_label = "a".repeat(64);
        let longest = [
            "a".repeat(63),
            "b".repeat(63),
            "c".repeat(63),
            "d".repeat(61),
        ]
        .join(".");
        let too_long = format!("{longest}d");
        table::<Hostname>(
            &["a", "0", "node-1.example.com", "a-", "a.-b", &longest],
            &[
                ("", "it must have 1 to 253 characters"),
                (&too_long, "it must have 1 to 253 characters"),
                ("Node", "it must be in lower case"),
                ("a_b", "it must consist of letters, digits, `.` and `-`"),
                ("a b", "it must consist of letters, digits, `.` and `-`"),
                ("é", "it must consist of letters, digits, `.` and `-`"),
                ("a\n", "it must consist of letters, digits, `.` and `-`"),
                ("-a", "it must not start with `-` or `.`"),
                (".a", "it must not start with `-` or `.`"),
                (
                    "a..b",
                    "each part between dots must have 1 to 63 characters",
                ),
                ("a.", "each part between dots must have 1 to 63 characters"),
                (
                    &long_label,
                    "each part between dots must have 1 to 63 characters",
                ),
            ],
        );
    }
}
