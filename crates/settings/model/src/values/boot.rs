//! Parameters of the kernel's boot configuration (bootconfig).

use super::text_type;

text_type! {
    /// The name of a boot parameter: words of letters, digits, `-` and `_`,
    /// joined by dots, of up to 256 characters.
    BootParameter, "boot parameter", |name| {
        if name.is_empty() || name.len() > 256 {
            return Err("it must have 1 to 256 characters");
        }
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if !name.split('.').all(is_word) {
            return Err("it must consist of words of letters, digits, `-` and `_`, joined by dots");
        }
        Ok(())
    },
    "pattern" = r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", "maxLength" = 256
}

text_type! {
    /// The value of a boot parameter: up to 2048 printable ASCII characters.
    /// It may hold single or double quotes, but not both, since it stands
    /// between quotes of the other sort.
    BootParameterValue, "boot parameter value", |value| {
        if value.len() > 2048 {
            return Err("it must have at most 2048 characters");
        }
        if !value.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
            return Err("it must consist of printable ASCII characters");
        }
        if value.contains('"') && value.contains('\'') {
            return Err("it must not contain both single and double quotes");
        }
        Ok(())
    },
    "pattern" = "^[ -~]*$", "maxLength" = 2048
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn parameters() {
        let words = "it must consist of words of letters, digits, `-` and `_`, joined by dots";
        let length = "it must have 1 to 256 characters";
        table::<BootParameter>(
            &["quiet", "systemd.log_level", "-a.1", "key-word_"],
            &[
                ("", length),
                (&"a".repeat(257), length),
                (".", words),
                ("a..b", words),
                ("a.", words),
                ("a b", words),
                ("a=b", words),
                ("①", words),
            ],
        );
    }

    #[test]
    fn values() {
        let printable = "it must consist of printable ASCII characters";
        table::<BootParameterValue>(
            &["", "ttyS1,115200n8", "say \"a\"", "it's", " #;}"],
            &[
                ("\"'", "it must not contain both single and double quotes"),
                ("a\n", printable),
                ("ü", printable),
                (&"a".repeat(2049), "it must have at most 2048 characters"),
            ],
        );
    }
}
