//! Signing requests to Amazon (AWS Signature Version 4).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jiff::Timestamp;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Credentials;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What is not unreserved (RFC 3986).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request without a query.
#[derive(Debug)]
pub(crate) struct Unsigned<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Names in lower case, with their values.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub region: &'a str,
    pub service: &'a str,
}

impl Unsigned<'_> {
    /// The headers that have to be added.
    pub(crate) fn sign(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Vec<(&'static str, String)> {
        let time = time(now);
        let mut added = vec![("x-amz-date", time.clone())];
        added.extend(
            credentials
                .token
                .clone()
                .map(|t| ("x-amz-security-token", t)),
        );
        let signed = added.iter().map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<(&str, &str)> = self.headers.iter().copied().chain(signed).collect();
        let signature = self.signature("", &headers, credentials, &time);
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
            credentials.key_id,
            self.scope(&time),
            names(&headers),
        );
        added.push(("authorization", authorization));
        added
    }

    /// The query of a request that whoever has its address can send, with the headers
    /// that it names: the given parameters, and those that sign it.
    pub(crate) fn presign(
        &self,
        parameters: &[(&str, &str)],
        credentials: &Credentials,
        now: Timestamp,
    ) -> String {
        let time = time(now);
        let credential = format!("{}/{}", credentials.key_id, self.scope(&time));
        let names = names(self.headers);
        let mut all = parameters.to_vec();
        all.extend([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-SignedHeaders", &names),
        ]);
        let token = credentials.token.as_deref();
        all.extend(token.map(|token| ("X-Amz-Security-Token", token)));
        all.sort_unstable();
        let encode = |text| utf8_percent_encode(text, RESERVED).to_string();
        let pairs: Vec<String> = all
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let query = pairs.join("&");
        let signature = self.signature(&query, self.headers, credentials, &time);
        format!("{query}&X-Amz-Signature={signature}")
    }

    fn signature(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        credentials: &Credentials,
        time: &str,
    ) -> String {
        let mut sorted = headers.to_vec();
        sorted.sort_unstable();
        let lines: String = sorted
            .iter()
            .map(|(name, value)| format!("{name}:{}\n", value.trim()))
            .collect();
        let canonical = format!(
            "{}\n{}\n{query}\n{lines}\n{}\n{}",
            self.method,
            self.path,
            names(headers),
            sha256(self.body)
        );
        let text = format!(
            "{ALGORITHM}\n{time}\n{}\n{}",
            self.scope(time),
            sha256(canonical.as_bytes())
        );
        let (date, _) = time.split_at(8);
        let secret = format!("AWS4{}", credentials.key).into_bytes();
        let parts = [date, self.region, self.service, "aws4_request", &text];
        hex(&parts.iter().fold(secret, |key, part| hmac(&key, part)))
    }

    fn scope(&self, time: &str) -> String {
        let (date, _) = time.split_at(8);
        format!("{date}/{}/{}/aws4_request", self.region, self.service)
    }
}

fn time(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The names of headers, in order.
fn names(headers: &[(&str, &str)]) -> String {
    let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.join(";")
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_signed_as_it_says() {
        // get-vanilla of the test suite of AWS Signature Version 4.
        let credentials = Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
        };
        let unsigned = Unsigned {
            method: "GET",
            path: "/",
            headers: &[("host", "example.amazonaws.com")],
            body: b"",
            region: "us-east-1",
            service: "service",
        };
        let now: Timestamp = "2015-08-30T12:36:00Z".parse().expect("a time");
        let added = unsigned.sign(&credentials, now);
        assert_eq!(added[0], ("x-amz-date", "20150830T123600Z".to_owned()));
        assert_eq!(
            added[1].1,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        // What has to go with a key is signed, too.
        let token = Some("t".to_owned());
        let added = unsigned.sign(
            &Credentials {
                token,
                ..credentials
            },
            now,
        );
        assert!(added[2].1.contains("host;x-amz-date;x-amz-security-token"));
    }
}
