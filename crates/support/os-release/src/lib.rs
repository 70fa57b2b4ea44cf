//! Files in os-release(5) format, which say which system this is.

/// The value of a variable; the last assignment counts.
pub fn value(text: &str, variable: &str) -> Option<String> {
    let assigned = |line: &str| {
        line.strip_prefix(variable)?
            .strip_prefix('=')
            .map(str::to_owned)
    };
    let written = text
        .lines()
        .filter_map(|line| assigned(line.trim()))
        .next_back()?;
    // The format is that of shell assignments, without expansion.
    match shell_words::split(&written).ok()?.as_slice() {
        [] => Some(String::new()),
        [value] => Some(value.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_unquoted() {
        let cases = [
            (
                "PRETTY_NAME=\"Bottlerocket OS 1.0\"\nID=bottlerocket\n",
                Some("Bottlerocket OS 1.0"),
            ),
            ("ID=x\nPRETTY_NAME='a \"b\"'", Some("a \"b\"")),
            ("PRETTY_NAME=plain", Some("plain")),
            ("PRETTY_NAME=", Some("")),
            ("PRETTY_NAME=\"\\$5 \\\"\"", Some("$5 \"")),
            ("PRETTY_NAME=one\nPRETTY_NAME=two", Some("two")),
            ("#PRETTY_NAME=no\nPRETTY_NAME_2=no", None),
            ("PRETTY_NAME=\"open", None),
            ("PRETTY_NAME=two words", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text, "PRETTY_NAME").as_deref(), expected, "{text}");
        }
    }
}
