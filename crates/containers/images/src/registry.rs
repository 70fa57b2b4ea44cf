//! Where images come from: a registry, and what stands in for it.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use oci_client::Reference;
use oci_client::client::{Client, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use url::{Host, Url};

use crate::Error;
use crate::signature::Key;
use crate::store::Image;

/// What takes longer to answer than this does not.
const CONNECT: Duration = Duration::from_secs(10);
const READ: Duration = Duration::from_secs(30);
/// Every registry that has no entry of its own.
const ALL: &str = "*";
const DOCKER_HUB: [&str; 2] = ["docker.io", "index.docker.io"];

/// `settings.container-registry`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Registries {
    /// What stands in for registries.
    #[serde(default)]
    pub mirrors: Vec<Mirror>,
    /// Who the node is to them.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// Which images have to be signed.
    #[serde(default)]
    pub signatures: Vec<Signatures>,
}

/// Whose signature images have to have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signatures {
    /// What the names of those images begin with: a registry, or parts of a name after
    /// it; `*` stands for all.
    pub images: String,
    /// The key that signs them: base64 of PEM.
    pub public_key: String,
}

/// What is tried in place of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Mirror {
    /// The registry.
    pub registry: String,
    /// URLs, in the order in which they are tried.
    pub endpoint: Vec<String>,
}

/// Who the node is to a registry.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Credential {
    /// The registry.
    pub registry: String,
    /// The user.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// `username:password` in base64, in place of both.
    pub auth: Option<String>,
    /// A token that stands for the user.
    pub identitytoken: Option<String>,
}

impl std::fmt::Debug for Credential {
    /// Says no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential")
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

/// One place that an image may be had from.
pub(crate) struct Source {
    pub(crate) client: Client,
    pub(crate) image: Reference,
    pub(crate) auth: RegistryAuth,
    /// For messages.
    pub(crate) name: String,
}

impl Source {
    /// The same place, for another image.
    pub(crate) fn of(&self, image: Reference) -> Source {
        Source {
            client: self.client.clone(),
            image,
            auth: self.auth.clone(),
            name: self.name.clone(),
        }
    }
}

impl Registries {
    /// The keys of which one has to have signed an image; none, if it may be unsigned.
    pub(crate) fn keys(&self, image: &Reference) -> Result<Vec<Key>, Error> {
        let name = format!("{}/{}", image.registry(), image.repository());
        let is_about = |wanted: &str| {
            let rest = name.strip_prefix(wanted.trim_end_matches('/'));
            wanted == ALL || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let about = self.signatures.iter().filter(|s| is_about(&s.images));
        about.map(|s| Key::parse(&s.public_key)).collect()
    }

    /// Whether an image that is kept may run: settings may have changed since it came.
    ///
    /// # Errors
    ///
    /// If a key is none.
    pub fn admits(&self, name: &Reference, image: &Image) -> Result<bool, Error> {
        let keys = self.keys(name)?;
        let signed = |key: &Key| image.signed_by.as_ref() == Some(&key.fingerprint());
        Ok(keys.is_empty() || keys.iter().any(signed))
    }

    /// Where to ask for an image, in this order: its mirrors, then its registry.
    pub(crate) fn sources(&self, image: &Reference) -> Result<Vec<Source>, Error> {
        let own = image.registry();
        let mirror = |name: &str| self.mirrors.iter().find(|m| is_same(&m.registry, name));
        let endpoints = mirror(own).or_else(|| mirror(ALL)).map(|m| &m.endpoint[..]);
        let mut sources = Vec::new();
        for endpoint in endpoints.unwrap_or_default() {
            let (registry, protocol) = parse(endpoint)?;
            let mut image = image.clone();
            // Credentials are for whom they name: a mirror is not told those of
            // the registry.
            let auth = self.auth(&registry)?;
            image.set_mirror_registry(registry);
            sources.push(source(image, protocol, auth, endpoint.clone()));
        }
        let protocol = match is_loopback(own) {
            true => ClientProtocol::Http,
            false => ClientProtocol::Https,
        };
        let auth = self.auth(own)?;
        sources.push(source(image.clone(), protocol, auth, own.to_owned()));
        Ok(sources)
    }

    fn auth(&self, registry: &str) -> Result<RegistryAuth, Error> {
        let known = self
            .credentials
            .iter()
            .find(|c| is_same(&c.registry, registry));
        let Some(known) = known else {
            return Ok(RegistryAuth::Anonymous);
        };
        let incomplete =
            |what: &str| Error::Settings(format!("the credentials for {registry} {what}"));
        if let Some(token) = &known.identitytoken {
            return Ok(RegistryAuth::Bearer(token.clone()));
        }
        if let Some(auth) = &known.auth {
            let text = STANDARD
                .decode(auth)
                .ok()
                .and_then(|b| String::from_utf8(b).ok());
            let text = text.ok_or_else(|| incomplete("are no text in base64"))?;
            let (user, password) = text
                .split_once(':')
                .ok_or_else(|| incomplete("are no `username:password`"))?;
            return Ok(RegistryAuth::Basic(user.to_owned(), password.to_owned()));
        }
        match (&known.username, &known.password) {
            (Some(user), Some(password)) => Ok(RegistryAuth::Basic(user.clone(), password.clone())),
            _ => Err(incomplete("lack a username or a password")),
        }
    }
}

/// What TLS is made of; before the first client.
pub(crate) fn choose_cryptography() {
    // A second time does nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn source(image: Reference, protocol: ClientProtocol, auth: RegistryAuth, name: String) -> Source {
    choose_cryptography();
    let client = Client::new(ClientConfig {
        protocol,
        connect_timeout: Some(CONNECT),
        read_timeout: Some(READ),
        user_agent: concat!("bottlerocket/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    });
    Source {
        client,
        image,
        auth,
        name,
    }
}

/// A mirror's URL: `https://HOST[:PORT]`, or with `http`, which is for it to say.
fn parse(endpoint: &str) -> Result<(String, ClientProtocol), Error> {
    let wrong = |why: &str| {
        Error::Settings(format!(
            "`{endpoint}` is no URL of a mirror: {why}; hint: https://HOST[:PORT]"
        ))
    };
    let text = match endpoint.contains("://") {
        true => endpoint.to_owned(),
        false => format!("https://{endpoint}"),
    };
    let url = Url::parse(&text).map_err(|e| wrong(&e.to_string()))?;
    let protocol = match url.scheme() {
        "https" => ClientProtocol::Https,
        "http" => ClientProtocol::Http,
        other => return Err(wrong(&format!("{other} is no scheme of registries"))),
    };
    let host = url.host_str().ok_or_else(|| wrong("it has no host"))?;
    if !matches!(url.path(), "" | "/" | "/v2" | "/v2/") {
        return Err(wrong("its path means nothing to registries"));
    }
    let registry = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Ok((registry, protocol))
}

fn is_same(a: &str, b: &str) -> bool {
    a == b || (DOCKER_HUB.contains(&a) && DOCKER_HUB.contains(&b))
}

/// Nobody listens in on what stays on the machine.
fn is_loopback(registry: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{registry}")) else {
        return false;
    };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registries() -> Registries {
        let json = r#"{
            "mirrors": [
                {"registry": "docker.io", "endpoint": ["https://mirror.example", "http://10.0.0.1:5000/v2"]},
                {"registry": "*", "endpoint": ["proxy.example:8443"]}
            ],
            "credentials": [
                {"registry": "docker.io", "auth": "dXNlcjpwYXNzOndvcmQ="},
                {"registry": "mirror.example", "username": "a", "password": "b"},
                {"registry": "token.example", "identitytoken": "t"}
            ]
        }"#;
        serde_json::from_str(json).expect("it is well-formed")
    }

    fn found(image: &str) -> Vec<(String, RegistryAuth)> {
        let image: Reference = image.parse().expect("a name");
        let sources = registries().sources(&image).expect("settings make sense");
        sources
            .into_iter()
            .map(|s| (s.image.resolve_registry().to_owned(), s.auth))
            .collect()
    }

    #[test]
    fn mirrors_come_first_and_credentials_go_to_whom_they_name() {
        let basic = |user: &str, password: &str| RegistryAuth::Basic(user.into(), password.into());
        let hub = found("alpine:3");
        assert_eq!(hub[0], ("mirror.example".into(), basic("a", "b")));
        assert_eq!(hub[1], ("10.0.0.1:5000".into(), RegistryAuth::Anonymous));
        assert_eq!(hub[2].1, basic("user", "pass:word"));
        let other = found("token.example/a/b:1");
        assert_eq!(other[0].0, "proxy.example:8443");
        assert_eq!(other[1].1, RegistryAuth::Bearer("t".into()));
    }

    #[test]
    fn plain_http_is_for_the_machine_itself() {
        for (registry, expected) in [
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("[::1]:5000", true),
            ("localhost.example", false),
            ("127.0.0.1.example:5000", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(registry), expected, "{registry}");
        }
    }

    #[test]
    fn settings_that_make_no_sense_are_explained() {
        for endpoint in ["ftp://a", "https://a/path", "https://", "http://[::"] {
            let error = parse(endpoint).map(|_| ()).expect_err(endpoint);
            assert!(error.to_string().contains("hint: https://"), "{error}");
        }
        let mut registries = Registries::default();
        for (auth, why) in [("?", "base64"), ("dXNlcg==", "username:password")] {
            registries.credentials = vec![Credential {
                registry: "a".into(),
                username: None,
                password: None,
                auth: Some(auth.into()),
                identitytoken: None,
            }];
            let error = registries.auth("a").expect_err("it is wrong").to_string();
            assert!(error.contains(why), "{error}");
        }
        assert!(!format!("{:?}", self::registries()).contains("dXNl"));
    }
}
