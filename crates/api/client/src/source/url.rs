//! URLs of user data, and of the proxy on the way to it.

use std::fmt;

use hyper::Uri;
use hyper::http::uri::{PathAndQuery, Scheme};

use crate::failure::Failure;

/// An absolute `http` or `https` URL (RFC 3986) without user name and
/// password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether its scheme is `https`.
    pub is_https: bool,
    /// A name in lower case, or an address; one of IPv6 without brackets.
    pub host: String,
    /// The port, also where it is not written.
    pub port: u16,
    /// Begins with `/`.
    pub path_and_query: String,
}

impl Url {
    /// Reads a URL as a person writes it.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let refuse = |reason: &str| {
            let shown = text.split('?').next().unwrap_or(text).escape_debug();
            Failure::new(format!("`{shown}` is not a URL to read from: {reason}"))
        };
        let uri: Uri = text.parse().map_err(|e| refuse(&format!("{e}")))?;
        let is_https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(refuse("it must begin with https:// or http://")),
        };
        if uri.authority().is_some_and(|a| a.as_str().contains('@')) {
            return Err(refuse("it must not hold a user name or a password"));
        }
        let host = uri.host().unwrap_or_default();
        let host = host
            .strip_prefix('[')
            .and_then(|address| address.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(refuse("it names no host"));
        }
        // What is written after the host, if it is not empty, is a port.
        let written = uri.authority().and_then(|a| a.as_str().rsplit_once(':'));
        let port = match (uri.port_u16(), written) {
            (Some(port), _) => port,
            (None, Some((_, rest))) if !rest.is_empty() && !rest.ends_with(']') => {
                return Err(refuse("its port is not a number up to 65535"));
            }
            (None, _) if is_https => 443,
            (None, _) => 80,
        };
        let path_and_query = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        Ok(Self {
            is_https,
            host: host.to_ascii_lowercase(),
            port,
            path_and_query: path_and_query.to_owned(),
        })
    }

    /// The URL that a `Location` header names (RFC 9110, section 10.2.2).
    pub fn redirected(&self, location: &str) -> Result<Self, Failure> {
        let scheme = self.scheme();
        let target = if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{}{location}", self.authority())
        } else if location.contains("://") {
            location.to_owned()
        } else {
            let folder = self.path().rfind('/').map_or("/", |at| &self.path()[..=at]);
            format!("{scheme}://{}{folder}{location}", self.authority())
        };
        let target = target.split('#').next().unwrap_or_default();
        let target = Self::parse(target)?;
        match self.is_https && !target.is_https {
            true => Err(Failure::new(format!(
                "{} leads to {}, which is not encrypted",
                self.without_query(),
                target.without_query()
            ))),
            false => Ok(target),
        }
    }

    /// Host and port; the port only where it is not the usual one.
    pub fn authority(&self) -> String {
        let host = bracketed(&self.host);
        match (self.is_https, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }

    /// Host and port.
    pub fn host_and_port(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port)
    }

    /// For messages.
    pub fn without_query(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority(), self.path())
    }

    fn scheme(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.without_query())
    }
}

fn bracketed(host: &str) -> String {
    match host.contains(':') {
        true => format!("[{host}]"),
        false => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let cases = [
            ("https://Example.com", (true, "example.com", 443, "/")),
            ("http://h/a?b=c", (false, "h", 80, "/a?b=c")),
            ("https://h:8443/", (true, "h", 8443, "/")),
            (
                "http://[2001:db8::1]:80/x",
                (false, "2001:db8::1", 80, "/x"),
            ),
        ];
        for (text, (is_https, host, port, path_and_query)) in cases {
            let url = Url::parse(text).unwrap();
            let found = (
                url.is_https,
                url.host.as_str(),
                url.port,
                url.path_and_query.as_str(),
            );
            assert_eq!(found, (is_https, host, port, path_and_query), "{text}");
        }
        for text in [
            "https://",
            "https:///a",
            "ftp://h/",
            "h/a",
            "https://u:p@h/",
            "https://h /",
            "https://é/",
            "https://h:99999/",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
        let error = Url::parse("ftp://h/?secret").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn redirections_are_resolved() {
        let from = Url::parse("https://h:8443/a/b?c=d").unwrap();
        let cases = [
            ("https://other/x?y", "https://other/x"),
            ("//other/x", "https://other/x"),
            ("/x", "https://h:8443/x"),
            ("x", "https://h:8443/a/x"),
            ("x#part", "https://h:8443/a/x"),
        ];
        for (location, target) in cases {
            assert_eq!(from.redirected(location).unwrap().without_query(), target);
        }
        for location in ["http://h/", "file:///etc/shadow", "https://u@h/"] {
            assert!(from.redirected(location).is_err(), "{location}");
        }
        let plain = Url::parse("http://h/").unwrap();
        assert!(plain.redirected("https://h/").unwrap().is_https);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>(), host in "[a-z0-9:.@\\[\\]%-]{0,20}") {
            let _ = Url::parse(&text);
            let _ = Url::parse(&format!("https://{host}/"));
        }

        /// Wherever a server sends it, the way stays encrypted.
        #[test]
        fn redirections_stay_encrypted(location in "(http:|https:|/|//|[a-z?#.]){0,4}\\PC{0,20}") {
            let from = Url::parse("https://h:8443/a/b").unwrap();
            if let Ok(target) = from.redirected(&location) {
                prop_assert!(target.is_https, "{target}");
            }
        }
    }
}
