//! For tests and trials: an instance metadata service of Amazon EC2, as strict as
//! its documentation says (IMDSv2, with `HttpTokens` set to `required`):
//!
//! * a token is given for a `PUT` that says for how many seconds, 1 to 21600;
//!   without, or with another number, the answer is 400;
//! * a `PUT` that was forwarded (`X-Forwarded-For`) is refused with 403;
//! * every other request without a token, or with one that was not given or
//!   has expired, is answered with 401;
//! * only `GET` and `HEAD` are methods besides that; what is not there is 404.
//!
//! And the services of other clouds, as far as user data goes.

mod clouds;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use fake_http_server::{Answer, Request};

pub use clouds::Cloud;

const TOKEN: &str = "x-aws-ec2-metadata-token";
const TOKEN_TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// What an instance is told about itself.
#[derive(Debug, Clone, Default)]
pub struct Instance {
    /// The region it runs in.
    pub region: String,
    /// Its user data, if it was given any.
    pub user_data: Option<String>,
    /// The role it has, if any.
    pub role: Option<String>,
    /// The names and public keys it was started with.
    pub keys: Vec<(String, String)>,
}

/// The service, between two requests. What it has to know of its tokens is in them: each
/// request may be answered by a process of its own.
#[derive(Debug)]
pub struct Imds {
    documents: BTreeMap<String, String>,
    generation: u32,
}

impl Imds {
    /// A service that tells this.
    pub fn new(instance: &Instance) -> Self {
        let region = &instance.region;
        let identity = format!(
            r#"{{
  "accountId" : "123456789012",
  "architecture" : "x86_64",
  "availabilityZone" : "{region}a",
  "imageId" : "ami-0123456789abcdef0",
  "instanceId" : "i-0123456789abcdef0",
  "instanceType" : "m7i.large",
  "pendingTime" : "2026-01-02T03:04:05Z",
  "privateIp" : "10.0.0.5",
  "region" : "{region}",
  "version" : "2017-09-30"
}}"#
        );
        let mut documents = BTreeMap::from([
            ("/latest/dynamic/instance-identity/document", identity),
            ("/latest/meta-data/ami-id", "ami-0123456789abcdef0".into()),
            (
                "/latest/meta-data/instance-id",
                "i-0123456789abcdef0".into(),
            ),
            ("/latest/meta-data/instance-type", "m7i.large".into()),
            ("/latest/meta-data/local-ipv4", "10.0.0.5".into()),
            (
                "/latest/meta-data/placement/availability-zone",
                format!("{region}a"),
            ),
            ("/latest/meta-data/placement/region", region.clone()),
        ])
        .into_iter()
        .map(|(path, text): (&str, String)| (path.to_owned(), text))
        .collect::<BTreeMap<_, _>>();
        const ROLES: &str = "/latest/meta-data/iam/security-credentials";
        if let Some(role) = &instance.role {
            documents.insert(ROLES.to_owned(), role.clone());
            let credentials = r#"{
  "Code" : "Success",
  "LastUpdated" : "2026-01-02T03:04:05Z",
  "Type" : "AWS-HMAC",
  "AccessKeyId" : "ASIAFAKE",
  "SecretAccessKey" : "fake-secret",
  "Token" : "fake-token",
  "Expiration" : "2026-01-02T09:04:05Z"
}"#;
            documents.insert(format!("{ROLES}/{role}"), credentials.to_owned());
        }
        const KEYS: &str = "/latest/meta-data/public-keys";
        let mut list = String::new();
        for (number, (name, key)) in instance.keys.iter().enumerate() {
            list += &format!("{number}={name}\n");
            documents.insert(format!("{KEYS}/{number}/openssh-key"), key.clone());
        }
        if !list.is_empty() {
            documents.insert(KEYS.to_owned(), list);
        }
        if let Some(user_data) = &instance.user_data {
            documents.insert("/latest/user-data".to_owned(), user_data.clone());
        }
        Self {
            documents,
            generation: 0,
        }
    }

    /// Forgets all tokens, as a service that was started anew.
    pub fn forget_tokens(&mut self) {
        self.generation += 1;
    }

    /// Answers a request.
    pub fn answer(&mut self, request: &Request) -> Answer {
        let path = request.target.split('?').next().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("PUT", "/latest/api/token") => self.give_token(request),
            ("GET" | "HEAD", _) if !self.is_known(request.header(TOKEN)) => refuse(401),
            // Clients write `user-data/`, too.
            ("GET" | "HEAD", path) => match self.documents.get(path.trim_end_matches('/')) {
                Some(document) => Answer::ok(document.clone()),
                None => refuse(404),
            },
            _ => refuse(405),
        }
    }

    fn give_token(&mut self, request: &Request) -> Answer {
        if request.header("x-forwarded-for").is_some() {
            return refuse(403);
        }
        let seconds = request.header(TOKEN_TTL).and_then(|v| v.parse().ok());
        let Some(seconds @ 1..=21600) = seconds else {
            return refuse(400);
        };
        let token = token(self.generation, now() + seconds);
        Answer::WithHeaders(200, vec![format!("{TOKEN_TTL}: {seconds}")], token)
    }

    fn is_known(&self, given: Option<&str>) -> bool {
        let expires = given.and_then(|given| {
            let expires = given.strip_suffix("==")?.rsplit('-').next()?.parse().ok()?;
            (token(self.generation, expires) == given).then_some(expires)
        });
        expires.is_some_and(|expires| now() < expires)
    }
}

fn token(generation: u32, expires: u64) -> String {
    format!("AQAEAFakeToken-{generation:08}-{expires:032}==")
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| time.as_secs())
}

fn refuse(status: u16) -> Answer {
    Answer::Status(status, format!("<html>{status}</html>"))
}
