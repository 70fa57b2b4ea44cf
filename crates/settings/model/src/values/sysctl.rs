//! Names of sysctl parameters.

use super::text_type;

text_type! {
    /// The name of a sysctl parameter: 1 to 128 characters of `a-zA-Z0-9./_-`.
    ///
    /// It becomes a path below `/proc/sys`, so it neither starts with a
    /// separator nor holds `..`.
    SysctlKey, "sysctl name", check,
    "pattern" = "^[A-Za-z0-9_-][A-Za-z0-9./_-]{0,127}$"
}

impl SysctlKey {
    /// The path below `/proc/sys`. As in sysctl.d(5), the first separator in
    /// the name says which of `.` and `/` separates; where it is `.`, the two
    /// change places.
    pub fn path(&self) -> String {
        let name = self.as_ref();
        match name.find(['.', '/']) {
            Some(at) if name.as_bytes()[at] == b'.' => name
                .chars()
                .map(|c| match c {
                    '.' => '/',
                    '/' => '.',
                    other => other,
                })
                .collect(),
            _ => name.to_owned(),
        }
    }
}

fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() || name.len() > 128 {
        return Err("it must have 1 to 128 characters");
    }
    if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'_' | b'-'))
    {
        return Err("it must consist of letters, digits, `.`, `/`, `_` and `-`");
    }
    if name.starts_with(['.', '/']) {
        return Err("it must not start with `.` or `/`");
    }
    if name.contains("..") {
        return Err("it must not contain `..`");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn names() {
        let longest = "a".repeat(128);
        let too_long = "a".repeat(129);
        table::<SysctlKey>(
            &[
                "vm.max_map_count",
                "net/ipv4/ip_forward",
                "net.ipv4.conf.eth0/1.rp_filter",
                "-a",
                &longest,
            ],
            &[
                ("", "it must have 1 to 128 characters"),
                (&too_long, "it must have 1 to 128 characters"),
                ("/net", "it must not start with `.` or `/`"),
                (".net", "it must not start with `.` or `/`"),
                ("net/../kernel", "it must not contain `..`"),
                ("net..kernel", "it must not contain `..`"),
                (
                    "a b",
                    "it must consist of letters, digits, `.`, `/`, `_` and `-`",
                ),
                (
                    "a=1\nb",
                    "it must consist of letters, digits, `.`, `/`, `_` and `-`",
                ),
                (
                    "a\0",
                    "it must consist of letters, digits, `.`, `/`, `_` and `-`",
                ),
            ],
        );
    }

    #[test]
    fn paths_follow_sysctl_d() {
        for (name, path) in [
            ("kernel.domainname", "kernel/domainname"),
            ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
            (
                "net.ipv4.conf.eth0/1.rp_filter",
                "net/ipv4/conf/eth0.1/rp_filter",
            ),
            (
                "net/ipv4/conf/eth0.1/rp_filter",
                "net/ipv4/conf/eth0.1/rp_filter",
            ),
            ("kernel", "kernel"),
        ] {
            assert_eq!(name.parse::<SysctlKey>().unwrap().path(), path);
        }
    }
}
