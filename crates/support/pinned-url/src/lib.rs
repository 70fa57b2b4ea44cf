//! Where a file is on the network, and what it has to be: `URL#sha256=DIGEST`, in one word,
//! as it fits into a kernel command line.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Between the two.
const PIN: &str = "#sha256=";
const SCHEMES: [&str; 2] = ["https://", "http://"];
/// Longer ones do not fit into kernel command lines.
const MAX_BYTES: usize = 1024;

/// A URL of HTTP or HTTPS with the SHA-256 of what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedUrl {
    url: String,
    sha256: [u8; 32],
}

/// It is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}\nhint: URL#sha256=DIGEST, such as https://example.com/node.toml#sha256=e3b0…, with the digest that sha256sum prints"
)]
pub struct Invalid(&'static str);

/// What came is something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url} has the SHA-256 {found}, not {expected}")]
pub struct Mismatch {
    url: String,
    found: String,
    expected: String,
}

impl PinnedUrl {
    /// The one of what is known to be there.
    ///
    /// # Errors
    ///
    /// If it is no URL of http or https.
    pub fn of(url: &str, bytes: &[u8]) -> Result<Self, Invalid> {
        let digest = hex::encode(Sha256::digest(bytes));
        format!("{url}{PIN}{digest}").parse()
    }

    /// The URL, without the digest.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Compares what came from there.
    ///
    /// # Errors
    ///
    /// If it is something else.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Mismatch> {
        let found = Sha256::digest(bytes);
        match found[..] == self.sha256 {
            true => Ok(()),
            false => Err(Mismatch {
                url: self.url.clone(),
                found: hex::encode(found),
                expected: hex::encode(self.sha256),
            }),
        }
    }
}

impl FromStr for PinnedUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (url, digest) = text.split_once(PIN).ok_or(Invalid("it has no digest"))?;
        if text.len() > MAX_BYTES {
            return Err(Invalid("it is longer than 1024 bytes"));
        }
        // What a quoted word of a command line can have.
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'#';
        let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
        let host = rest.and_then(|rest| rest.split('/').next());
        if host.is_none_or(str::is_empty) || !url.bytes().all(is_plain) {
            return Err(Invalid("it is no URL of http or https"));
        }
        let mut sha256 = [0; 32];
        hex::decode_to_slice(digest, &mut sha256)
            .map_err(|_| Invalid("the digest does not have 64 hexadecimal digits"))?;
        Ok(Self {
            url: url.to_owned(),
            sha256,
        })
    }
}

impl fmt::Display for PinnedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{PIN}{}", self.url, hex::encode(self.sha256))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of nothing at all.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn what_came_is_compared() {
        let pinned: PinnedUrl = format!("http://h/a?b=c#sha256={EMPTY}").parse().unwrap();
        assert_eq!(PinnedUrl::of("http://h/a?b=c", b""), Ok(pinned.clone()));
        assert_eq!(pinned.url(), "http://h/a?b=c");
        pinned.check(b"").unwrap();
        let error = pinned.check(b"a").unwrap_err().to_string();
        assert!(
            error.starts_with("http://h/a?b=c has the SHA-256 ca978112"),
            "{error}"
        );
        assert!(error.ends_with(EMPTY), "{error}");
    }

    #[test]
    fn slips_are_refused() {
        let long = format!("http://h/{}#sha256={EMPTY}", "a".repeat(MAX_BYTES));
        for (text, reason) in [
            ("https://example.com/a", "no digest"),
            (&format!("ftp://h/a#sha256={EMPTY}"), "no URL"),
            (&format!("https://#sha256={EMPTY}"), "no URL"),
            (&format!("https:///a#sha256={EMPTY}"), "no URL"),
            (&format!("https://h/a b#sha256={EMPTY}"), "no URL"),
            (&format!("https://h/a\"#sha256={EMPTY}"), "no URL"),
            (&format!("https://h/a#b#sha256={EMPTY}"), "no URL"),
            (&format!("https://h/#sha256={}", &EMPTY[1..]), "64"),
            (&format!("https://h/#sha256={EMPTY}0"), "64"),
            (&long, "1024"),
        ] {
            let error = text.parse::<PinnedUrl>().unwrap_err().to_string();
            assert!(
                error.contains(reason) && error.contains("hint: "),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_read(
            secure: bool,
            host in "[a-z0-9.:\\[\\]-]{1,20}",
            path in "(/[!-!$-~]{0,20})?",
            sha256: [u8; 32],
        ) {
            let url = format!("{}{host}{path}", SCHEMES[usize::from(secure)]);
            let pinned = PinnedUrl { url, sha256 };
            prop_assert_eq!(pinned.to_string().parse::<PinnedUrl>().unwrap(), pinned);
        }

        #[test]
        fn any_text_can_be_read(text in "(https?://|#sha256=|[0-9a-f]{64}|.)*") {
            let _ = text.parse::<PinnedUrl>();
        }
    }
}
