//! PKCS#11 URIs (RFC 7512), as far as they name a key.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, Error, Result, bail};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

pub(super) const SCHEME: &str = "pkcs11:";

/// p11-kit's module stands for all modules that the system is configured with.
const DEFAULT_MODULE: &str = "p11-kit-proxy.so";

/// All that a value may not contain, and more than it has to be.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'/');

/// Which key, in which token, and how to get at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// What the token is called.
    pub token: Option<String>,
    /// The token's serial number.
    pub serial: Option<String>,
    /// What the key is called.
    pub object: Option<String>,
    /// The key's identifier.
    pub id: Option<Vec<u8>>,
    /// The library that speaks to the token.
    pub module: PathBuf,
    /// Where its PIN is.
    pub pin: Option<Pin>,
}

/// What opens a token.
#[derive(Clone, PartialEq, Eq)]
pub enum Pin {
    /// Itself.
    Value(String),
    /// In a file.
    File(PathBuf),
}

impl FromStr for Pkcs11Uri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        parse(text).with_context(|| {
            // A value may be a PIN.
            let shown = text.split('?').next().unwrap_or_default();
            format!("`{shown}` is no PKCS#11 URI (RFC 7512) of a key")
        })
    }
}

fn parse(text: &str) -> Result<Pkcs11Uri> {
    let rest = text.strip_prefix(SCHEME).context("it has another scheme")?;
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut uri = Pkcs11Uri {
        token: None,
        serial: None,
        object: None,
        id: None,
        module: DEFAULT_MODULE.into(),
        pin: None,
    };
    let mut seen = Vec::new();
    let attributes = path.split(';').chain(query.split('&'));
    for attribute in attributes.filter(|attribute| !attribute.is_empty()) {
        let (name, value) = attribute
            .split_once('=')
            .with_context(|| format!("`{attribute}` has no value"))?;
        if seen.contains(&name) {
            bail!("it says `{name}` twice");
        }
        seen.push(name);
        let bytes: Vec<u8> = percent_decode_str(value).collect();
        if name == "id" {
            uri.id = Some(bytes);
            continue;
        }
        let value = String::from_utf8(bytes)
            .ok()
            .with_context(|| format!("`{name}` is not in UTF-8"))?;
        match name {
            "token" => uri.token = Some(value),
            "serial" => uri.serial = Some(value),
            "object" => uri.object = Some(value),
            "type" if value == "private" => {}
            "type" => bail!("it is of a {value}; hint: type=private"),
            "module-path" => uri.module = value.into(),
            "pin-value" => uri.pin = Some(Pin::Value(value)),
            "pin-source" => {
                let path = value.strip_prefix("file:").unwrap_or(&value);
                uri.pin = Some(Pin::File(path.trim_start_matches("//").into()));
            }
            _ => bail!(
                "`{name}` is not supported; hint: token, serial, object, id, module-path, \
                 pin-source and pin-value are"
            ),
        }
    }
    if uri.object.is_none() && uri.id.is_none() {
        bail!("it does not say which key; hint: give its label as `object`, or its `id`");
    }
    Ok(uri)
}

impl fmt::Display for Pkcs11Uri {
    /// The URI, but not how to open the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SCHEME)?;
        let mut separator = "";
        for (name, value) in [
            ("token", &self.token),
            ("serial", &self.serial),
            ("object", &self.object),
        ] {
            if let Some(value) = value {
                let value = utf8_percent_encode(value, ESCAPED);
                write!(f, "{separator}{name}={value}")?;
                separator = ";";
            }
        }
        if let Some(id) = &self.id {
            write!(f, "{separator}id=")?;
            for byte in id {
                write!(f, "%{byte:02X}")?;
            }
        }
        let module = self.module.to_string_lossy();
        write!(f, "?module-path={}", utf8_percent_encode(&module, ESCAPED))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    #[test]
    fn a_uri_names_a_key_and_how_to_get_at_it() {
        let uri: Pkcs11Uri = "pkcs11:token=The%20Release;serial=0815;object=root;type=private;\
            id=%01%ff?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin"
            .parse()
            .unwrap();
        assert_eq!(uri.token.as_deref(), Some("The Release"));
        assert_eq!(uri.serial.as_deref(), Some("0815"));
        assert_eq!(uri.object.as_deref(), Some("root"));
        assert_eq!(uri.id, Some(vec![1, 0xff]));
        assert_eq!(uri.module, PathBuf::from("/usr/lib/softhsm/libsofthsm2.so"));
        assert_eq!(uri.pin, Some(Pin::File("/run/pin".into())));
        let short: Pkcs11Uri = "pkcs11:object=root".parse().unwrap();
        assert_eq!(short.module, PathBuf::from(DEFAULT_MODULE));
    }

    #[test]
    fn what_names_no_key_is_refused_and_no_pin_is_shown() {
        for (text, why) in [
            ("pkcs11:", "which key"),
            ("pkcs11:token=a", "which key"),
            ("pkcs11:object", "no value"),
            ("pkcs11:object=a;object=b", "twice"),
            ("pkcs11:object=a;colour=b", "not supported"),
            ("pkcs11:object=a;type=cert", "type=private"),
            ("pkcs11:object=%ff", "UTF-8"),
            ("pkcs11:object=a?pin-value=1234&pin-value=1234", "twice"),
            ("http://object=a", "scheme"),
        ] {
            let error = text.parse::<Pkcs11Uri>().unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("1234"), "{error}");
        }
        let uri: Pkcs11Uri = "pkcs11:object=a?pin-value=1234".parse().unwrap();
        assert!(!format!("{uri} {uri:?}").contains("1234"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            token in proptest::option::of(".{0,20}"),
            serial in proptest::option::of(".{0,20}"),
            object in ".{0,20}",
            id in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..9)),
            module in "[a-zA-Z0-9/ &;?%.-]{1,20}",
        ) {
            let uri = Pkcs11Uri { token, serial, object: Some(object), id, module: module.into(), pin: None };
            prop_assert_eq!(uri.to_string().parse::<Pkcs11Uri>().unwrap(), uri);
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,80}") {
            let _ = format!("pkcs11:{text}").parse::<Pkcs11Uri>();
        }
    }
}
