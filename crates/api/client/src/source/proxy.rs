//! The way through a proxy, as `HTTPS_PROXY` and `NO_PROXY` say.

use std::env;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::url::Url;
use crate::failure::Failure;

/// An HTTP proxy that makes tunnels (RFC 9110, section 9.3.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Where it listens.
    pub url: Url,
    /// The value of `Proxy-Authorization`, if it wants to know who asks.
    pub authorization: Option<String>,
}

impl Proxy {
    /// The proxy that the environment names for a URL.
    pub fn for_url(url: &Url) -> Result<Option<Self>, Failure> {
        let variable = |name: &str| {
            // Lower case is what other programs read first too.
            [name.to_lowercase(), name.to_owned()]
                .iter()
                .find_map(|name| env::var(name).ok())
                .unwrap_or_default()
        };
        choose(url, &variable("HTTPS_PROXY"), &variable("NO_PROXY"))
    }
}

fn choose(url: &Url, proxy: &str, exceptions: &str) -> Result<Option<Proxy>, Failure> {
    if !url.is_https || proxy.is_empty() || is_exception(&url.host, exceptions) {
        return Ok(None);
    }
    let text = match proxy.contains("://") {
        true => proxy.to_owned(),
        false => format!("http://{proxy}"),
    };
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    if scheme != "http" {
        let message = "the proxy of HTTPS_PROXY must be one that is spoken to over http://";
        return Err(Failure::new(message));
    }
    let (user, rest) = match rest.rsplit_once('@') {
        Some((user, rest)) => (Some(user), rest),
        None => (None, rest),
    };
    let authorization = user.map(|user| format!("Basic {}", STANDARD.encode(unescaped(user))));
    Ok(Some(Proxy {
        url: Url::parse(&format!("{scheme}://{rest}"))?,
        authorization,
    }))
}

/// Whether `host` is one of a list: `*`, addresses, or names that also stand
/// for the names below them, with or without a dot before.
fn is_exception(host: &str, exceptions: &str) -> bool {
    exceptions
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .any(|word| {
            let name = word.trim_start_matches("*.").trim_start_matches('.');
            let name = name.to_ascii_lowercase();
            word == "*"
                || host == name
                || host
                    .strip_suffix(&name)
                    .is_some_and(|below| below.ends_with('.'))
        })
}

/// User name and password may hold escaped bytes (RFC 3986, section 2.1).
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|digits| str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = &after[if escaped.is_some() { 2 } else { 0 }..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_chosen() {
        let url = Url::parse("https://a.example.com/").unwrap();
        let chosen = |proxy, exceptions| {
            let proxy = choose(&url, proxy, exceptions).unwrap()?;
            Some((proxy.url.host_and_port(), proxy.authorization))
        };
        let plain = Some(("p:3128".to_owned(), None));
        assert_eq!(chosen("", ""), None);
        assert_eq!(chosen("p:3128", ""), plain);
        assert_eq!(chosen("http://p:3128/", "other, b.example.com"), plain);
        assert_eq!(chosen("http://p:3128", "ample.com"), plain);
        assert_eq!(
            chosen("http://u%40:p@p", ""),
            Some(("p:80".to_owned(), Some("Basic dUA6cA==".to_owned())))
        );
        for exceptions in [
            "*",
            "a.example.com",
            "x, example.com",
            ".example.COM",
            "*.com",
        ] {
            assert_eq!(chosen("p:3128", exceptions), None, "{exceptions}");
        }
        assert!(choose(&url, "socks5://p", "").is_err());
        let unencrypted = Url::parse("http://a/").unwrap();
        assert_eq!(choose(&unencrypted, "p", "").unwrap(), None);
    }

    #[test]
    fn escapes_are_undone() {
        for (text, bytes) in [("a", "a"), ("%41b", "Ab"), ("%4", "%4"), ("%zz%", "%zz%")] {
            assert_eq!(unescaped(text), bytes.as_bytes(), "{text}");
        }
    }
}
