//! Amazon EC2: the Instance Metadata Service, version 2 (IMDSv2). A token is
//! asked for first and shown with every question; the first version, which
//! any request forged through a web server can reach, is never spoken.

use std::net::SocketAddr;
use std::sync::Mutex;

use serde::Deserialize;

use crate::http::{Answer, Question, Service};
use crate::{Error, LINK_LOCAL, Patience};

const TOKEN_PATH: &str = "/latest/api/token";
const USER_DATA_PATH: &str = "/latest/user-data";
const IDENTITY_PATH: &str = "/latest/dynamic/instance-identity/document";

const KEYS_PATH: &str = "/latest/meta-data/public-keys";

const ROLES_PATH: &str = "/latest/meta-data/iam/security-credentials/";

/// Networks with IPv6 alone reach it here.
const IPV6: &str = "[fd00:ec2::254]:80";

const TOKEN_SECONDS: &str = "300";

/// A client of the service.
#[derive(Debug)]
pub struct Ec2 {
    service: Service,
    token: Mutex<Option<String>>,
}

/// What of the identity document is of use here.
#[derive(Debug, Deserialize)]
struct Identity {
    region: String,
}

/// Who a role makes the instance, for some hours.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleCredentials {
    /// The name of the key.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// What has to go with it.
    pub token: String,
}

impl std::fmt::Debug for RoleCredentials {
    /// Says no secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleCredentials")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

impl Default for Ec2 {
    fn default() -> Self {
        Self {
            service: Service::at(&[LINK_LOCAL, IPV6]),
            token: Mutex::default(),
        }
    }
}

impl Ec2 {
    /// A client of a service that listens elsewhere, for tests.
    pub fn at(address: SocketAddr, patience: Patience) -> Self {
        Self {
            service: Service::chosen(address, patience),
            token: Mutex::default(),
        }
    }

    /// A client that gives up after a while.
    pub fn with_patience(patience: Patience) -> Self {
        Self {
            service: Service::at(&[LINK_LOCAL, IPV6]).with_patience(patience),
            token: Mutex::default(),
        }
    }

    /// The instance's user data, as it was given; `None` if none was.
    ///
    /// # Errors
    ///
    /// If the service gives no answer, or one that it should not give.
    pub fn user_data(&self) -> Result<Option<Vec<u8>>, Error> {
        self.get(USER_DATA_PATH)
    }

    /// The region that the instance runs in, such as `eu-central-1`.
    ///
    /// # Errors
    ///
    /// If the service gives no answer, or one that it should not give.
    pub fn region(&self) -> Result<String, Error> {
        let wrong = |reason: String| Error::Answer {
            url: self.service.url(IDENTITY_PATH),
            reason,
        };
        let document = self
            .get(IDENTITY_PATH)?
            .ok_or_else(|| wrong("there is none".to_owned()))?;
        let identity: Identity =
            serde_json::from_slice(&document).map_err(|e| wrong(e.to_string()))?;
        Ok(identity.region)
    }

    /// The public keys that the instance was started with, in the form of OpenSSH.
    ///
    /// # Errors
    ///
    /// If the service gives no answer, or one that it should not give.
    pub fn public_keys(&self) -> Result<Vec<String>, Error> {
        // Lines of `NUMBER=NAME`.
        let list = self.get(KEYS_PATH)?.unwrap_or_default();
        let list = String::from_utf8_lossy(&list).into_owned();
        let mut keys = Vec::new();
        for line in list.lines().filter(|line| !line.trim().is_empty()) {
            let number = line.split('=').next().unwrap_or_default();
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Error::Answer {
                    url: self.service.url(KEYS_PATH),
                    reason: format!("`{}` names no key", line.escape_debug()),
                });
            }
            let key = self.get(&format!("{KEYS_PATH}/{number}/openssh-key"))?;
            let key = String::from_utf8_lossy(&key.unwrap_or_default())
                .trim()
                .to_owned();
            keys.extend(Some(key).filter(|key| !key.is_empty()));
        }
        Ok(keys)
    }

    /// The credentials of the role that the instance has; `None` if it has none.
    ///
    /// # Errors
    ///
    /// If the service gives no answer, or one that it should not give.
    pub fn role_credentials(&self) -> Result<Option<RoleCredentials>, Error> {
        let Some(roles) = self.get(ROLES_PATH)? else {
            return Ok(None);
        };
        let wrong = |path: &str, reason: String| Error::Answer {
            url: self.service.url(path),
            reason,
        };
        let roles = String::from_utf8_lossy(&roles);
        let role = roles.lines().next().unwrap_or_default().trim();
        let is_name = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
        if role.is_empty() || !role.chars().all(is_name) {
            return Err(wrong(ROLES_PATH, "it names no role".to_owned()));
        }
        let path = format!("{ROLES_PATH}{role}");
        let document = self
            .get(&path)?
            .ok_or_else(|| wrong(&path, "there is none".to_owned()))?;
        let credentials = serde_json::from_slice(&document);
        credentials
            .map(Some)
            .map_err(|e| wrong(&path, e.to_string()))
    }

    fn get(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        // A token may have expired, or the service may have forgotten it.
        let mut answer = self.ask(path)?;
        if answer.status == 401 {
            self.set_token(None);
            answer = self.ask(path)?;
        }
        self.service.body(path, answer)
    }

    fn ask(&self, path: &str) -> Result<Answer, Error> {
        let token = match self.token() {
            Some(token) => token,
            None => {
                let token = self.new_token()?;
                self.set_token(Some(token.clone()));
                token
            }
        };
        let headers = [("x-aws-ec2-metadata-token", token.as_str())];
        self.service.ask(Question::get(path, &headers))
    }

    fn new_token(&self) -> Result<String, Error> {
        let answer = self.service.ask(Question {
            method: "PUT",
            path: TOKEN_PATH,
            headers: &[("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS)],
        })?;
        let url = self.service.url(TOKEN_PATH);
        match answer.status {
            200 => String::from_utf8(answer.body)
                .ok()
                .filter(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()))
                .ok_or_else(|| {
                    let reason = "the answer is not a token".to_owned();
                    Error::Answer { url, reason }
                }),
            status => Err(Error::Status { url, status }),
        }
    }

    fn token(&self) -> Option<String> {
        let token = self.token.lock();
        token.map_or_else(|e| e.into_inner().clone(), |token| token.clone())
    }

    fn set_token(&self, token: Option<String>) {
        *self.token.lock().unwrap_or_else(|e| e.into_inner()) = token;
    }
}
