//! Tokens of clusters (applet `aws-iam-authenticator`): a request to Amazon's Security
//! Token Service, signed but not sent. The cluster sends it, and is told who signed it.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Parser, Subcommand};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sigv4::Unsigned;
use crate::{Credentials, domain, runtime};

const PREFIX: &str = "k8s-aws-v1.";
const CLUSTER_HEADER: &str = "x-k8s-aws-id";

/// For how long the signature is good, in seconds. The cluster counts a quarter of an
/// hour from when it was made, whatever this says.
const SIGNATURE_SECONDS: &str = "60";
const TOKEN_MINUTES: i64 = 14;

/// What clients ask with, unless they say otherwise.
const API_VERSION: &str = "client.authentication.k8s.io/v1beta1";

/// Shows clusters on Amazon EKS who this node is.
///
/// Exit codes: 0 done, 1 not, 2 if the arguments make no sense.
#[derive(Debug, Parser)]
#[command(name = "aws-iam-authenticator", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a token, as a client of Kubernetes expects it (ExecCredential).
    Token {
        /// The name of the cluster
        #[arg(short = 'i', long, value_name = "NAME")]
        cluster_id: String,
        /// The region whose service is asked [default: that of the environment]
        #[arg(long, env = "AWS_REGION")]
        region: String,
    },
}

/// Runs the applet; `arguments` includes its name.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    applet::main(arguments, run)
}

fn run(cli: Cli) -> Result<()> {
    let Command::Token { cluster_id, region } = cli.command;
    let credentials = runtime()?.block_on(Credentials::find())?;
    let asked = std::env::var("KUBERNETES_EXEC_INFO").ok();
    let version = api_version(asked.as_deref())?;
    let now = Timestamp::now();
    let token = token(&cluster_id, &region, &credentials, now);
    println!("{}", answer(&version, &token, now)?);
    Ok(())
}

/// The version of the answer that the client asks for.
fn api_version(asked: Option<&str>) -> Result<String> {
    let Some(asked) = asked.filter(|text| !text.is_empty()) else {
        return Ok(API_VERSION.to_owned());
    };
    let asked: Value = serde_json::from_str(asked).context("KUBERNETES_EXEC_INFO is no JSON")?;
    let version = asked["apiVersion"].as_str().unwrap_or(API_VERSION);
    Ok(version.to_owned())
}

/// The token of a cluster: the address of the signed request.
fn token(cluster: &str, region: &str, credentials: &Credentials, now: Timestamp) -> String {
    let host = format!("sts.{region}.{}", domain(region));
    let unsigned = Unsigned {
        method: "GET",
        path: "/",
        headers: &[("host", &host), (CLUSTER_HEADER, cluster)],
        body: b"",
        region,
        service: "sts",
    };
    let query = unsigned.presign(
        &[
            ("Action", "GetCallerIdentity"),
            ("Version", "2011-06-15"),
            ("X-Amz-Expires", SIGNATURE_SECONDS),
        ],
        credentials,
        now,
    );
    format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD.encode(format!("https://{host}/?{query}"))
    )
}

fn answer(version: &str, token: &str, now: Timestamp) -> Result<Value> {
    let until = now.checked_add(SignedDuration::from_mins(TOKEN_MINUTES))?;
    Ok(json!({
        "apiVersion": version,
        "kind": "ExecCredential",
        "spec": {},
        "status": {
            "expirationTimestamp": until.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "token": token,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().expect("a time")
    }

    fn credentials(token: Option<&str>) -> Credentials {
        Credentials {
            key_id: "AKIDEXAMPLE".to_owned(),
            key: "secret".to_owned(),
            token: token.map(str::to_owned),
        }
    }

    #[test]
    fn a_token_is_the_address_of_a_signed_request() {
        let given = token(
            "staging",
            "eu-central-1",
            &credentials(Some("a+b/c=")),
            now(),
        );
        let address = given.strip_prefix(PREFIX).expect("the prefix");
        let address = URL_SAFE_NO_PAD.decode(address).expect("base64");
        let address = String::from_utf8(address).expect("text");
        let (start, signature) = address.rsplit_once('=').expect("a signature");
        assert_eq!(
            start,
            "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-central-1%2Fsts%2Faws4_request\
             &X-Amz-Date=20260102T030405Z&X-Amz-Expires=60\
             &X-Amz-Security-Token=a%2Bb%2Fc%3D\
             &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature"
        );
        assert_eq!(signature.len(), 64);
        // The name of the cluster is signed, too: its token is good for no other.
        let other = token("other", "eu-central-1", &credentials(Some("a+b/c=")), now());
        assert_ne!(given, other);
    }

    #[test]
    fn clients_are_answered_in_the_version_they_ask_for() {
        for (asked, expected) in [
            (None, API_VERSION),
            (Some(""), API_VERSION),
            (Some("{}"), API_VERSION),
            (
                Some(r#"{"apiVersion": "client.authentication.k8s.io/v1"}"#),
                "client.authentication.k8s.io/v1",
            ),
        ] {
            assert_eq!(api_version(asked).expect("a version"), expected);
        }
        assert!(api_version(Some("{")).is_err());
        let answer = answer(API_VERSION, "k8s-aws-v1.x", now()).expect("an answer");
        assert_eq!(
            answer["status"]["expirationTimestamp"],
            "2026-01-02T03:18:05Z"
        );
    }
}
