//! Amazon ECR: registries that give who they know a password for half a day (applet
//! `ecr-credential-provider`, which kubelet asks).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::service::Service;
use crate::{Credentials, Error, runtime};

const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
const USER: &str = "AWS";

/// What kubelet sends is a few hundred bytes.
const LARGEST_REQUEST: u64 = 1 << 20;

/// A registry of ECR: one account's, in one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    region: String,
    /// With ciphers that are validated.
    fips: bool,
    domain: String,
}

impl Registry {
    /// `ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn]`
    pub fn parse(host: &str) -> Option<Self> {
        let (account, rest) = host.split_once(".dkr.ecr")?;
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let (fips, rest) = match rest.strip_prefix("-fips") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (region, domain) = rest.strip_prefix('.')?.split_once('.')?;
        let is_region = region
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let is_domain = matches!(domain, "amazonaws.com" | "amazonaws.com.cn");
        (is_account && is_region && is_domain).then(|| Self {
            region: region.to_owned(),
            fips,
            domain: domain.to_owned(),
        })
    }

    fn endpoint(&self) -> String {
        let Self { region, domain, .. } = self;
        match self.fips {
            true => format!("https://ecr-fips.{region}.{domain}"),
            false => format!("https://api.ecr.{region}.{domain}"),
        }
    }

    /// Asks it for a password (Amazon ECR API, GetAuthorizationToken).
    ///
    /// # Errors
    ///
    /// If it gives none.
    pub async fn password(&self, credentials: &Credentials) -> Result<Password, Error> {
        password(&self.endpoint(), &self.region, credentials).await
    }
}

/// What a registry wants to be told.
#[derive(Clone, PartialEq, Eq)]
pub struct Password {
    /// A name.
    pub username: String,
    /// A secret.
    pub password: String,
    /// For how long it is good, from when it was given.
    pub valid: Duration,
}

impl std::fmt::Debug for Password {
    /// Says no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Password")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    authorization_data: Vec<Authorization>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    authorization_token: String,
    /// Seconds since 1970.
    expires_at: f64,
}

async fn password(
    endpoint: &str,
    region: &str,
    credentials: &Credentials,
) -> Result<Password, Error> {
    let service = Service {
        endpoint,
        region,
        name: "ecr",
    };
    let answer: Answer = service.call(TARGET, &json!({}), credentials).await?;
    let given = answer.authorization_data.first();
    let decoded = given.and_then(|data| {
        let bytes = STANDARD.decode(&data.authorization_token).ok()?;
        Some((String::from_utf8(bytes).ok()?, data.expires_at))
    });
    match decoded
        .as_ref()
        .and_then(|(t, until)| Some((t.split_once(':')?, *until)))
    {
        Some(((USER, password), until)) => Ok(Password {
            username: USER.to_owned(),
            password: password.to_owned(),
            valid: Duration::try_from_secs_f64(until - Timestamp::now().as_second() as f64)
                .unwrap_or_default(),
        }),
        _ => Err(service.failed("the answer has no password")),
    }
}

/// Gives kubelet passwords of Amazon ECR: reads a CredentialProviderRequest from standard
/// input, writes a CredentialProviderResponse (credentialprovider.kubelet.k8s.io/v1).
///
/// Exit codes: 0 done, 1 not, 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "ecr-credential-provider", version)]
struct Cli {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    api_version: String,
    image: String,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
struct Response {
    api_version: String,
    kind: &'static str,
    cache_key_type: &'static str,
    cache_duration: String,
    auth: BTreeMap<String, Auth>,
}

#[derive(Debug, Serialize, PartialEq, Eq)]
struct Auth {
    username: String,
    password: String,
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, |_: Cli| {
        let input = io::Read::take(io::stdin(), LARGEST_REQUEST);
        let request: Request = serde_json::from_reader(input)
            .context("standard input holds no CredentialProviderRequest")?;
        let registry = registry_of(&request.image);
        let password = match Registry::parse(registry) {
            Some(ecr) => Some(
                runtime()?.block_on(async { ecr.password(&Credentials::find().await?).await })?,
            ),
            None => None,
        };
        println!(
            "{}",
            serde_json::to_string(&response(&request, registry, password))?
        );
        Ok(())
    })
}

/// The first part of an image's name.
fn registry_of(image: &str) -> &str {
    image.split('/').next().unwrap_or(image)
}

/// Of a registry that is not of ECR nothing is known: kubelet asks it without a password.
fn response(request: &Request, registry: &str, password: Option<Password>) -> Response {
    // Some are asked for while they are still good.
    let seconds = password.as_ref().map_or(0, |p| p.valid.as_secs() / 2);
    let auth = password.map(|p| {
        let Password {
            username, password, ..
        } = p;
        (registry.to_owned(), Auth { username, password })
    });
    Response {
        api_version: request.api_version.clone(),
        kind: "CredentialProviderResponse",
        cache_key_type: "Registry",
        cache_duration: format!("{seconds}s"),
        auth: auth.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use fake_http_server::{Answer, FakeTcpServer};

    use super::*;

    #[test]
    fn registries_of_ecr_are_told_by_their_names() {
        let table = [
            (
                "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
                Some("https://api.ecr.eu-central-1.amazonaws.com"),
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                Some("https://api.ecr.cn-north-1.amazonaws.com.cn"),
            ),
            (
                "123456789012.dkr.ecr-fips.us-east-1.amazonaws.com",
                Some("https://ecr-fips.us-east-1.amazonaws.com"),
            ),
            ("public.ecr.aws", None),
            ("12345.dkr.ecr.eu-central-1.amazonaws.com", None),
            (
                "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
                None,
            ),
            ("123456789012.dkr.ecr.a/b.amazonaws.com", None),
            ("123456789012.dkr.ecrx.eu-central-1.amazonaws.com", None),
        ];
        for (host, endpoint) in table {
            let found = Registry::parse(host).map(|registry| registry.endpoint());
            assert_eq!(found.as_deref(), endpoint, "{host}");
        }
    }

    fn ask(answer: Answer) -> (Result<Password, String>, String) {
        let server = FakeTcpServer::start(move |request| {
            let signed = |name: &str| request.header(name).is_some();
            assert!(signed("authorization") && signed("x-amz-date"));
            assert_eq!(request.header("x-amz-security-token"), Some("token"));
            match &answer {
                Answer::Status(code, body) => Answer::Status(*code, body.clone()),
                _ => Answer::ok(""),
            }
        });
        let credentials = Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            key: "secret".to_owned(),
            token: Some("token".to_owned()),
        };
        let endpoint = format!("http://{}", server.address());
        let asked = password(&endpoint, "eu-central-1", &credentials);
        let given = runtime()
            .expect("a runtime")
            .block_on(asked)
            .map_err(|e| e.to_string());
        (given, server.lines().join("\n"))
    }

    #[test]
    fn a_password_is_asked_for_by_who_we_are() {
        let until = Timestamp::now().as_second() + 43_200;
        let given = format!(
            r#"{{"authorizationData": [{{"authorizationToken": "QVdTOnBhc3M=", "expiresAt": {until}.5}}]}}"#
        );
        let (given, lines) = ask(Answer::ok(given));
        let given = given.expect("a password");
        assert_eq!(
            (given.username.as_str(), given.password.as_str()),
            ("AWS", "pass")
        );
        assert!(
            (43_100..=43_201).contains(&given.valid.as_secs()),
            "{given:?}"
        );
        assert!(!format!("{given:?}").contains("pass\""), "{given:?}");
        assert_eq!(lines, "POST /");
        let denied = Answer::Status(400, r#"{"__type": "AccessDeniedException"}"#.to_owned());
        for (answer, why) in [
            (denied, "AccessDeniedException"),
            (Answer::ok("{}"), "missing field"),
            (
                Answer::ok(r#"{"authorizationData": []}"#),
                "has no password",
            ),
            (
                Answer::ok(
                    r#"{"authorizationData": [{"authorizationToken": "?", "expiresAt": 1}]}"#,
                ),
                "has no password",
            ),
        ] {
            let error = ask(answer).0.expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn kubelet_is_told_what_its_registry_wants() {
        let request = r#"{"apiVersion": "credentialprovider.kubelet.k8s.io/v1",
            "kind": "CredentialProviderRequest",
            "image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app:1"}"#;
        let request: Request = serde_json::from_str(request).expect("a request");
        let registry = registry_of(&request.image);
        assert_eq!(registry, "123456789012.dkr.ecr.eu-central-1.amazonaws.com");
        let password = Password {
            username: "AWS".to_owned(),
            password: "pass".to_owned(),
            valid: Duration::from_secs(7200),
        };
        let json = |password| {
            serde_json::to_string(&response(&request, registry, password)).expect("JSON")
        };
        assert_eq!(
            json(Some(password)),
            r#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderResponse","cacheKeyType":"Registry","cacheDuration":"3600s","auth":{"123456789012.dkr.ecr.eu-central-1.amazonaws.com":{"username":"AWS","password":"pass"}}}"#
        );
        assert!(json(None).ends_with(r#""cacheDuration":"0s","auth":{}}"#));
    }
}
