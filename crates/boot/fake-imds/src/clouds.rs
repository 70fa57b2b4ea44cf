//! The services of other clouds: of them, the user data alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake_http_server::{Answer, Request};

use crate::refuse;

/// A cloud whose service hands over user data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cloud {
    /// Microsoft Azure (Azure Instance Metadata Service).
    Azure,
    /// Google Compute Engine (metadata server, version 1).
    Gcp,
    /// OpenStack (Nova's metadata service).
    OpenStack,
}

impl Cloud {
    /// Answers a request on behalf of an instance with this user data.
    pub fn answer(self, user_data: Option<&str>, request: &Request) -> Answer {
        match self {
            Cloud::Azure => azure(user_data, request),
            Cloud::Gcp => gcp(user_data, request),
            Cloud::OpenStack => open_stack(user_data, request),
        }
    }
}

/// Without the header, or the version, the answer is 400; without user data it is empty.
fn azure(user_data: Option<&str>, request: &Request) -> Answer {
    let (path, query) = request.target.split_once('?').unwrap_or_default();
    let has = |word: &str| query.split('&').any(|part| part.starts_with(word));
    if request.header("metadata") != Some("true") || !has("api-version=") {
        return refuse(400);
    }
    match (request.method.as_str(), path) {
        ("GET", "/metadata/instance/compute/userData") if has("format=text") => {
            Answer::ok(STANDARD.encode(user_data.unwrap_or_default()))
        }
        _ => refuse(404),
    }
}

/// Without the header the answer is 403; with it, each answer says whose it is.
fn gcp(user_data: Option<&str>, request: &Request) -> Answer {
    let flavor = || vec!["Metadata-Flavor: Google".to_owned()];
    if request.header("metadata-flavor") != Some("Google") {
        return refuse(403);
    }
    match (request.line().as_str(), user_data) {
        ("GET /computeMetadata/v1/instance/attributes/user-data", Some(text)) => {
            Answer::WithHeaders(200, flavor(), text.to_owned())
        }
        _ => Answer::WithHeaders(404, flavor(), String::new()),
    }
}

fn open_stack(user_data: Option<&str>, request: &Request) -> Answer {
    match (request.line().as_str(), user_data) {
        ("GET /openstack/latest/user_data", Some(text)) => Answer::ok(text),
        _ => refuse(404),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, headers: &[&str]) -> Request {
        Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            headers: headers.iter().map(|line| (*line).to_owned()).collect(),
            body: String::new(),
        }
    }

    #[test]
    fn each_insists_on_its_own() {
        let azure = "/metadata/instance/compute/userData?api-version=2021-01-01&format=text";
        let gcp = "/computeMetadata/v1/instance/attributes/user-data";
        let is_google = vec!["Metadata-Flavor: Google".to_owned()];
        for (cloud, target, headers, user_data, expected) in [
            (
                Cloud::Azure,
                azure,
                &["Metadata: true"][..],
                Some("a"),
                Answer::ok("YQ=="),
            ),
            (
                Cloud::Azure,
                azure,
                &["Metadata: true"],
                None,
                Answer::ok(""),
            ),
            (Cloud::Azure, azure, &[], Some("a"), refuse(400)),
            (
                Cloud::Azure,
                "/metadata/instance/compute/userData?format=text",
                &["Metadata: true"],
                Some("a"),
                refuse(400),
            ),
            (
                Cloud::Gcp,
                gcp,
                &["Metadata-Flavor: Google"],
                Some("a"),
                Answer::WithHeaders(200, is_google.clone(), "a".into()),
            ),
            (
                Cloud::Gcp,
                gcp,
                &["Metadata-Flavor: Google"],
                None,
                Answer::WithHeaders(404, is_google, String::new()),
            ),
            (Cloud::Gcp, gcp, &[], Some("a"), refuse(403)),
            (
                Cloud::OpenStack,
                "/openstack/latest/user_data",
                &[],
                Some("a"),
                Answer::ok("a"),
            ),
            (
                Cloud::OpenStack,
                "/openstack/latest/user_data",
                &[],
                None,
                refuse(404),
            ),
        ] {
            let found = cloud.answer(user_data, &request(target, headers));
            assert_eq!(found, expected, "{cloud:?} {target}");
        }
    }
}
