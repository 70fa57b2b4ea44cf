//! Where something is on the network.

use std::net::{IpAddr, Ipv6Addr};

use super::text_type;

text_type! {
    /// A URL (RFC 3986), with or without its scheme: `https://example.com/a`,
    /// `example.com:8080/a`, `pool.ntp.org`; or an IP address, of version 6
    /// also without brackets.
    ///
    /// Characters that RFC 3986 excludes are refused instead of encoded: the
    /// text is used as it stands.
    Url, "URL", check,
    "minLength" = 1, "maxLength" = 2048
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > 2048 {
        return Err("it must have 1 to 2048 characters");
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b))
    {
        return Err(
            "it must not contain spaces, quotes, control characters or characters outside ASCII",
        );
    }
    if text.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, text),
    };
    if scheme.is_some_and(|scheme| !is_scheme(scheme)) {
        return Err("its scheme must be a letter followed by letters, digits, `+`, `-` or `.`");
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // `aws:///zone/instance` names something without a host.
    let may_lack_host =
        scheme.is_some_and(|s| !matches!(s, "http" | "https" | "ftp" | "ws" | "wss"));
    if authority.is_empty() && may_lack_host && rest.starts_with('/') {
        return Ok(());
    }
    check_authority(authority)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn check_authority(authority: &str) -> Result<(), &'static str> {
    let host_and_port = authority
        .rsplit_once('@')
        .map_or(authority, |(_, rest)| rest);
    let (host, port) = if let Some(bracketed) = host_and_port.strip_prefix('[') {
        let (address, after) = bracketed.split_once(']').ok_or("its `[` must be closed")?;
        if address.parse::<Ipv6Addr>().is_err() {
            return Err("between brackets there must be an IPv6 address");
        }
        match after.strip_prefix(':') {
            None if after.is_empty() => return Ok(()),
            None => return Err("only a port can follow the address in brackets"),
            Some(port) => (None, Some(port)),
        }
    } else {
        match host_and_port.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(host_and_port), None),
        }
    };
    if host.is_some_and(|host| !is_host(host)) {
        return Err("it must name a host of letters, digits, `.`, `-` and `_`");
    }
    if port.is_some_and(|port| !is_port(port)) {
        return Err("its port must be a number up to 65535");
    }
    Ok(())
}

fn is_host(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    (1..=253).contains(&name.len())
        && !name.starts_with('-')
        && name.split('.').all(|label| !label.is_empty())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn urls() {
        let too_long = format!("a.b/{}", "c".repeat(2048));
        let characters =
            "it must not contain spaces, quotes, control characters or characters outside ASCII";
        let host = "it must name a host of letters, digits, `.`, `-` and `_`";
        let port = "its port must be a number up to 65535";
        let scheme = "its scheme must be a letter followed by letters, digits, `+`, `-` or `.`";
        table::<Url>(
            &[
                "https://example.com/a?b=c#d",
                "http://user:word@example.com:8080",
                "example.com",
                "example.com.",
                "localhost:8080/x",
                "pool.ntp.org",
                "169.254.169.123",
                "fd00:ec2::123",
                "::1",
                "[::1]",
                "[::1]:123",
                "https://[2001:db8::1]:443/",
                "https://[2001:db8::1]",
                "123456789012.dkr.ecr.us-west-2.example.com/admin:v0.11.0@sha256:00",
                "aws:///us-west-2a/i-0123",
                "file:///etc/x",
            ],
            &[
                ("", "it must have 1 to 2048 characters"),
                (&too_long, "it must have 1 to 2048 characters"),
                ("a b", characters),
                ("a\nserver evil", characters),
                ("http://a/\"", characters),
                ("http://é", characters),
                ("http://", host),
                ("https:///x", host),
                ("aws://", host),
                ("/x", host),
                ("a..b", host),
                ("-a", host),
                ("http://a%20b", host),
                ("user@", host),
                ("1http://a", scheme),
                ("://a", scheme),
                ("a:b:c", port),
                ("http://a:", "its port must be a number up to 65535"),
                ("http://a:65536", port),
                ("http://a:+80", port),
                ("[::1", "its `[` must be closed"),
                (
                    "[1.2.3.4]",
                    "between brackets there must be an IPv6 address",
                ),
                ("[::1]80", "only a port can follow the address in brackets"),
            ],
        );
    }
}
