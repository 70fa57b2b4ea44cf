//! Services of Amazon that are asked in JSON (AWS JSON 1.1).

use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::sigv4::Unsigned;
use crate::{Credentials, Error};

const TIMEOUT: Duration = Duration::from_secs(30);

/// One of them, in a region.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service<'a> {
    /// `https://HOST[:PORT]`
    pub endpoint: &'a str,
    pub region: &'a str,
    /// As signatures have it, such as `ecr`.
    pub name: &'a str,
}

impl Service<'_> {
    /// Asks it. `target` names the version of its interface and what it is to do.
    pub(crate) async fn call<A: DeserializeOwned>(
        &self,
        target: &str,
        question: &(impl Serialize + Sync),
        credentials: &Credentials,
    ) -> Result<A, Error> {
        let question = serde_json::to_vec(question).map_err(|e| self.failed(e))?;
        let (_, host) = self
            .endpoint
            .split_once("://")
            .unwrap_or(("", self.endpoint));
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", host),
            ("x-amz-target", target),
        ];
        let unsigned = Unsigned {
            method: "POST",
            path: "/",
            headers: &headers,
            body: &question,
            region: self.region,
            service: self.name,
        };
        let signature = unsigned.sign(credentials, Timestamp::now());
        // What TLS is made of; a second time does nothing.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(TIMEOUT).build();
        let client = client.map_err(|e| self.failed(e))?;
        let mut request = client.post(format!("{}/", self.endpoint));
        for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(*name, *value);
        }
        for (name, value) in signature {
            request = request.header(name, value);
        }
        let answer = request.body(question).send().await;
        let answer = answer.map_err(|e| self.failed(e))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|e| self.failed(e))?;
        if !status.is_success() {
            // It says which right is missing, and nothing secret.
            let reason = String::from_utf8_lossy(&body);
            return Err(self.failed(format!("{status}: {reason}")));
        }
        serde_json::from_slice(&body).map_err(|e| self.failed(e))
    }

    pub(crate) fn failed(&self, why: impl Display) -> Error {
        Error::Service {
            endpoint: self.endpoint.to_owned(),
            why: why.to_string(),
        }
    }
}
