//! Names of machines.

use super::text_type;

text_type! {
    /// A host name: 1 to 253 characters of `0-9a-z.-`, in labels of 1 to 63
    /// characters, not starting with `-` or `.`.
    Hostname, "hostname", check,
    "pattern" = r"^[0-9a-z][0-9a-z-]{0,62}(\.[0-9a-z-]{1,63})*$", "maxLength" = 253
}

text_type! {
    /// A DNS domain such as `cluster.local`: up to 253 letters, digits, `-`, `_`
    /// and `.`, in labels of 1 to 63 characters. It is not an IP address.
    DnsDomain, "domain", |domain| {
        let name = domain.strip_suffix('.').unwrap_or(domain);
        if name.is_empty() || domain.len() > 253 {
            return Err("it must have 1 to 253 characters");
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
            return Err("it must consist of letters, digits, `.`, `-` and `_`");
        }
        if name.split('.').any(|label| label.is_empty() || label.len() > 63) {
            return Err("each part between dots must have 1 to 63 characters");
        }
        if name.parse::<std::net::IpAddr>().is_ok() {
            return Err("it must not be an IP address");
        }
        Ok(())
    },
    "pattern" = r"^[0-9A-Za-z_-]{1,63}(\.[0-9A-Za-z_-]{1,63})*\.?$", "maxLength" = 253
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

    #[test]
    fn domains() {
        let length = "it must have 1 to 253 characters";
        let characters = "it must consist of letters, digits, `.`, `-` and `_`";
        let label = "each part between dots must have 1 to 63 characters";
        let too_long = ["a"; 128].join(".");
        table::<DnsDomain>(
            &["cluster.local", "Dev.eks", "a.", "1.2.3"],
            &[
                ("", length),
                (".", length),
                (&too_long, length),
                (".a", label),
                ("a..b", label),
                ("foo/com", characters),
                ("[::1]", characters),
                ("1.2.3.4", "it must not be an IP address"),
            ],
        );
    }
}
