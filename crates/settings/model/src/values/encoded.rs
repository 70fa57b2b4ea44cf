//! Data that travels as base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::text_type;

/// Bytes of encoded data: more than any user data of a platform can hold.
const MAX_ENCODED: usize = 4 * 1024 * 1024;

text_type! {
    /// Bytes in base64 (RFC 4648, section 4) with padding and without line
    /// breaks, up to 4 MiB of text. It may be empty.
    Base64, "base64 data", |text| decode(text).map(|_| ()),
    "contentEncoding" = "base64", "pattern" = "^[A-Za-z0-9+/]*={0,2}$"
}

impl Base64 {
    /// The bytes.
    pub fn decode(&self) -> Vec<u8> {
        decode(self.as_ref()).unwrap_or_default()
    }
}

text_type! {
    /// A JSON document in base64.
    Base64Json, "base64 JSON document", |text| {
        match crate::json::parse(&decode(text)?) {
            Ok(_) => Ok(()),
            Err(_) => Err("it must be base64 of a JSON document"),
        }
    },
    "contentEncoding" = "base64", "contentMediaType" = "application/json",
    "pattern" = "^[A-Za-z0-9+/]*={0,2}$"
}

text_type! {
    /// A bundle of X.509 certificates in PEM form (RFC 7468), in base64. An
    /// empty text is a bundle without certificates.
    CertificateBundle, "certificate bundle", check_bundle,
    "contentEncoding" = "base64", "contentMediaType" = "application/x-pem-file",
    "pattern" = "^[A-Za-z0-9+/]*={0,2}$"
}

impl CertificateBundle {
    /// The bundle as PEM.
    pub fn decode(&self) -> Vec<u8> {
        decode(self.as_ref()).unwrap_or_default()
    }
}

fn decode(text: &str) -> Result<Vec<u8>, &'static str> {
    if text.len() > MAX_ENCODED {
        return Err("it must have at most 4194304 characters");
    }
    STANDARD
        .decode(text)
        .map_err(|_| "it must be base64 with padding and without line breaks")
}

/// Looks at the frame of each certificate, not into it. Text around the
/// certificates is allowed, as in the bundles that people make with OpenSSL.
fn check_bundle(text: &str) -> Result<(), &'static str> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    if text.is_empty() {
        return Ok(());
    }
    let bytes = decode(text)?;
    let pem = std::str::from_utf8(&bytes).map_err(|_| "it must be base64 of PEM, which is text")?;
    let mut certificates = 0;
    let mut body: Option<(&str, String)> = None;
    for line in pem.lines().map(str::trim_end) {
        if let Some(label) = line.strip_prefix(BEGIN) {
            if body.is_some() {
                return Err("a block in it starts before the one above has ended");
            }
            body = Some((label, String::new()));
        } else if let Some(label) = line.strip_prefix(END) {
            let Some((begun, data)) = body.take().filter(|(begun, _)| *begun == label) else {
                return Err("a block in it ends that has not begun");
            };
            if !matches!(
                begun,
                "CERTIFICATE-----" | "TRUSTED CERTIFICATE-----" | "X509 CERTIFICATE-----"
            ) {
                return Err("it must hold certificates only");
            }
            // A certificate is a DER sequence.
            if !STANDARD
                .decode(&data)
                .is_ok_and(|der| der.first() == Some(&0x30))
            {
                return Err("a block in it does not hold a certificate");
            }
            certificates += 1;
        } else if let Some((_, data)) = &mut body {
            data.push_str(line.trim_start());
        }
    }
    match (certificates, body) {
        (_, Some(_)) => Err("a block in it does not end"),
        (0, None) => Err("it must hold a certificate"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::table;
    use super::*;

    #[test]
    fn base64() {
        let bad = "it must be base64 with padding and without line breaks";
        let large = "A".repeat(MAX_ENCODED + 4);
        table::<Base64>(
            &["", "aGk=", "dXNlcmRhdGE=", "+/+/"],
            &[
                ("aGk", bad),
                ("a", bad),
                ("aGk=\n", bad),
                ("not base64", bad),
                ("-_-_", bad),
                (&large, "it must have at most 4194304 characters"),
            ],
        );
    }

    #[test]
    fn json() {
        let bad = "it must be base64 of a JSON document";
        table::<Base64Json>(
            &["e30=", "eyJ0ZXN0IjoidmFsdWUifQ=="],
            &[
                ("", bad),
                ("bm90IGpzb24=", bad),
                (
                    "!",
                    "it must be base64 with padding and without line breaks",
                ),
            ],
        );
    }

    #[test]
    fn bundles() {
        let good = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let twice = STANDARD.encode(format!("subject=a\n{good}\r\n{good}"));
        let good_text = STANDARD.encode(good);
        table::<CertificateBundle>(&["", &good_text, &twice], &[]);
        for (pem, reason) in [
            ("nothing", "it must hold a certificate"),
            (
                "-----BEGIN CERTIFICATE-----\nMAA=\n",
                "a block in it does not end",
            ),
            (
                "-----END CERTIFICATE-----\n",
                "a block in it ends that has not begun",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n-----END PRIVATE KEY-----\n",
                "a block in it ends that has not begun",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
                "it must hold certificates only",
            ),
            (
                "-----BEGIN CERTIFICATE-----\nbad\n-----END CERTIFICATE-----\n",
                "a block in it does not hold a certificate",
            ),
            (
                "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
                "a block in it starts before the one above has ended",
            ),
        ] {
            table::<CertificateBundle>(&[], &[(&STANDARD.encode(pem), reason)]);
        }
        table::<CertificateBundle>(
            &[],
            &[(
                &STANDARD.encode(b"\xff"),
                "it must be base64 of PEM, which is text",
            )],
        );
    }
}
