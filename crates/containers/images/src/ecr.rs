//! Amazon ECR: registries that give who they know a password for half a day. Who we are
//! is found out as Amazon's own tools do: from the environment, from the credentials of
//! `settings.aws`, or from the role of the instance.

mod credentials;
mod sigv4;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;

use crate::Error;
use crate::registry::{Source, choose_cryptography};
use credentials::Credentials;
use sigv4::Unsigned;

const TIMEOUT: Duration = Duration::from_secs(30);
const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
const BODY: &str = "{}";
const USER: &str = "AWS";

/// Finds out what a source that is of ECR wants to be told, unless settings say it.
pub(crate) async fn authorize(source: &mut Source) -> Result<(), Error> {
    let Some(registry) = Registry::parse(source.image.resolve_registry()) else {
        return Ok(());
    };
    if !matches!(source.auth, RegistryAuth::Anonymous) {
        return Ok(());
    }
    let credentials = Credentials::find().await?;
    let endpoint = registry.endpoint();
    source.auth = token(&endpoint, &registry.region, &credentials).await?;
    Ok(())
}

/// A registry of ECR: one account's, in one region.
#[derive(Debug, PartialEq, Eq)]
struct Registry {
    region: String,
    /// With ciphers that are validated.
    fips: bool,
    domain: String,
}

impl Registry {
    /// `ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn]`
    fn parse(host: &str) -> Option<Self> {
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
}

/// Asks for a password (Amazon ECR API, GetAuthorizationToken).
async fn token(
    endpoint: &str,
    region: &str,
    credentials: &Credentials,
) -> Result<RegistryAuth, Error> {
    let failed = |why: String| Error::Settings(format!("{endpoint} gives no password: {why}"));
    let (_, host) = endpoint.split_once("://").unwrap_or(("", endpoint));
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("host", host),
        ("x-amz-target", TARGET),
    ];
    let unsigned = Unsigned {
        method: "POST",
        path: "/",
        headers: &headers,
        body: BODY.as_bytes(),
        region,
        service: "ecr",
    };
    choose_cryptography();
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .build()
        .map_err(|e| failed(e.to_string()))?;
    let mut request = client.post(format!("{endpoint}/")).body(BODY);
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
        request = request.header(*name, *value);
    }
    for (name, value) in unsigned.sign(credentials, Timestamp::now()) {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|e| failed(e.to_string()))?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(|e| failed(e.to_string()))?;
    if !status.is_success() {
        // It says which right is missing, and nothing secret.
        return Err(failed(format!(
            "{status}: {}",
            String::from_utf8_lossy(&body)
        )));
    }
    let answer: Answer = serde_json::from_slice(&body).map_err(|e| failed(e.to_string()))?;
    let token = answer.authorization_data.first();
    let token = token.and_then(|data| STANDARD.decode(&data.authorization_token).ok());
    let token = token.and_then(|bytes| String::from_utf8(bytes).ok());
    match token.as_deref().and_then(|token| token.split_once(':')) {
        Some((USER, password)) => Ok(RegistryAuth::Basic(USER.to_owned(), password.to_owned())),
        _ => Err(failed("the answer has none".to_owned())),
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

    fn ask(answer: Answer) -> (Result<RegistryAuth, String>, String) {
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
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let endpoint = format!("http://{}", server.address());
        let asked = token(&endpoint, "eu-central-1", &credentials);
        let given = runtime.block_on(asked).map_err(|e| e.to_string());
        (given, server.lines().join("\n"))
    }

    #[test]
    fn a_password_is_asked_for_by_who_we_are() {
        let given =
            r#"{"authorizationData": [{"authorizationToken": "QVdTOnBhc3M=", "expiresAt": 1}]}"#;
        let (auth, lines) = ask(Answer::ok(given));
        assert_eq!(auth, Ok(RegistryAuth::Basic("AWS".into(), "pass".into())));
        assert_eq!(lines, "POST /");
        let denied = Answer::Status(400, r#"{"__type": "AccessDeniedException"}"#.to_owned());
        for (answer, why) in [
            (denied, "AccessDeniedException"),
            (Answer::ok("{}"), "missing field"),
            (Answer::ok(r#"{"authorizationData": []}"#), "has none"),
            (
                Answer::ok(r#"{"authorizationData": [{"authorizationToken": "?"}]}"#),
                "has none",
            ),
        ] {
            let error = ask(answer).0.expect_err(why);
            assert!(error.contains(why), "{error}");
        }
    }
}
