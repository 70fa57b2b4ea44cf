//! Signing requests to Amazon (AWS Signature Version 4).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use jiff::Timestamp;

use super::credentials::Credentials;
use crate::hex;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A request without a query.
#[derive(Debug)]
pub(super) struct Unsigned<'a> {
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
    pub(super) fn sign(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Vec<(&'static str, String)> {
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut added = vec![("x-amz-date", time.clone())];
        added.extend(
            credentials
                .token
                .clone()
                .map(|t| ("x-amz-security-token", t)),
        );
        let signed = added.iter().map(|(name, value)| (*name, value.as_str()));
        let mut headers: Vec<(&str, &str)> = self.headers.iter().copied().chain(signed).collect();
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{}\n", value.trim()))
            .collect();
        let canonical = format!(
            "{}\n{}\n\n{lines}\n{names}\n{}",
            self.method,
            self.path,
            sha256(self.body)
        );
        let (date, _) = time.split_at(8);
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let text = format!(
            "{ALGORITHM}\n{time}\n{scope}\n{}",
            sha256(canonical.as_bytes())
        );
        let secret = format!("AWS4{}", credentials.key).into_bytes();
        let parts = [date, self.region, self.service, "aws4_request", &text];
        let signature = parts.iter().fold(secret, |key, part| hmac(&key, part));
        let authorization = format!(
            "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            credentials.key_id,
            hex(&signature)
        );
        added.push(("authorization", authorization));
        added
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
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
