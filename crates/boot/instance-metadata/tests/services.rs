//! The clients against fake services: what is asked, how often, and what is
//! made of the answers.

#![allow(clippy::unwrap_used, reason = "a failure to set up fails the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fake_http_server::{Answer, FakeTcpServer, Request};
use fake_imds::{Imds, Instance};
use instance_metadata::{Azure, Ec2, Error, Gcp, MAX_BYTES, OpenStack, Patience};

/// Enough for a few attempts on loopback.
const PATIENCE: Patience = Patience {
    limit: Duration::from_secs(2),
    attempt: Duration::from_secs(1),
};

const NONE: Patience = Patience {
    limit: Duration::ZERO,
    ..PATIENCE
};

const TOKEN: &str = "PUT /latest/api/token";
const USER_DATA: &str = "GET /latest/user-data";
const IDENTITY: &str = "GET /latest/dynamic/instance-identity/document";

fn instance(user_data: Option<&str>) -> Arc<Mutex<Imds>> {
    Arc::new(Mutex::new(Imds::new(&Instance {
        region: "eu-central-1".to_owned(),
        user_data: user_data.map(str::to_owned),
        ..Instance::default()
    })))
}

fn serve(imds: &Arc<Mutex<Imds>>) -> FakeTcpServer {
    let imds = Arc::clone(imds);
    FakeTcpServer::start(move |request| imds.lock().unwrap().answer(request))
}

#[test]
fn ec2_is_asked_with_one_token_for_all() {
    let imds = instance(Some("[settings]\n"));
    let server = serve(&imds);
    let client = Ec2::at(server.address(), PATIENCE);
    assert_eq!(client.region().unwrap(), "eu-central-1");
    assert_eq!(client.user_data().unwrap().unwrap(), b"[settings]\n");
    assert_eq!(server.lines(), [TOKEN, IDENTITY, USER_DATA]);
    assert_eq!(client.user_data().unwrap().unwrap(), b"[settings]\n");
    assert_eq!(server.lines().len(), 4);
}

#[test]
fn ec2_says_who_its_role_makes_the_instance() {
    let role = |name: Option<&str>| {
        let imds = Imds::new(&Instance {
            region: "eu-central-1".to_owned(),
            role: name.map(str::to_owned),
            ..Instance::default()
        });
        let server = serve(&Arc::new(Mutex::new(imds)));
        let client = Ec2::at(server.address(), PATIENCE);
        client.role_credentials()
    };
    let found = role(Some("node")).unwrap().unwrap();
    assert_eq!(found.access_key_id, "ASIAFAKE");
    assert_eq!(found.token, "fake-token");
    assert!(!format!("{found:?}").contains("fake-secret"));
    assert_eq!(role(None).unwrap(), None);
    assert!(role(Some("a/../b")).is_err());
}

#[test]
fn ec2_gives_a_new_token_when_the_old_one_is_forgotten() {
    let imds = instance(None);
    let server = serve(&imds);
    let client = Ec2::at(server.address(), PATIENCE);
    assert_eq!(client.user_data().unwrap(), None);
    imds.lock().unwrap().forget_tokens();
    assert_eq!(client.user_data().unwrap(), None);
    assert_eq!(
        server.lines(),
        [TOKEN, USER_DATA, USER_DATA, TOKEN, USER_DATA]
    );
}

#[test]
fn the_fake_service_insists_on_version_2() {
    let imds = instance(Some("secret"));
    let mut imds = imds.lock().unwrap();
    let mut ask = |method: &str, target: &str, headers: &[&str]| {
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.iter().map(|&line| line.to_owned()).collect(),
            body: String::new(),
        };
        match imds.answer(&request) {
            Answer::Status(status, body) | Answer::WithHeaders(status, _, body) => (status, body),
            Answer::Bytes(_) => panic!("a whole answer was expected"),
        }
    };
    let ttl = "X-aws-ec2-metadata-token-ttl-seconds";
    let path = "/latest/api/token";
    for headers in [&[][..], &["x: y"], &[&format!("{ttl}: 0")]] {
        assert_eq!(ask("PUT", path, headers).0, 400);
    }
    assert_eq!(ask("PUT", path, &[&format!("{ttl}: 21601")]).0, 400);
    let good = format!("{ttl}: 21600");
    assert_eq!(
        ask("PUT", path, &[&good, "X-Forwarded-For: 10.0.0.1"]).0,
        403
    );
    assert_eq!(ask("GET", "/latest/user-data", &[]).0, 401);
    assert_eq!(
        ask("GET", "/latest/user-data", &["X-aws-ec2-metadata-token: x"]).0,
        401
    );
    let (status, token) = ask("PUT", path, &[&good]);
    assert_eq!(status, 200);
    let token = format!("X-aws-ec2-metadata-token: {token}");
    assert_eq!(
        ask("GET", "/latest/user-data", &[&token]),
        (200, "secret".into())
    );
    assert_eq!(ask("GET", "/latest/nothing", &[&token]).0, 404);
    assert_eq!(ask("POST", "/latest/user-data", &[&token]).0, 405);
}

#[test]
fn services_that_are_not_there_yet_are_asked_again() {
    let imds = instance(Some("late"));
    let mut failures = [
        Answer::Status(503, String::new()),
        Answer::Status(429, String::new()),
        Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_vec()),
        Answer::Bytes(b"\x00\xff".to_vec()),
        Answer::Bytes(Vec::new()),
    ]
    .into_iter();
    let server = FakeTcpServer::start(move |request| match failures.next() {
        Some(failure) => failure,
        None => imds.lock().unwrap().answer(request),
    });
    let patience = Patience {
        limit: Duration::from_secs(60),
        ..PATIENCE
    };
    let client = Ec2::at(server.address(), patience);
    assert_eq!(client.user_data().unwrap().unwrap(), b"late");
    assert_eq!(server.lines().len(), 7);
}

#[test]
fn patience_ends() {
    let failing = FakeTcpServer::start(|_| Answer::Status(500, String::new()));
    // Bound and closed again: nobody listens there.
    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    // Accepts, in the kernel, and never answers.
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let hasty = Patience {
        limit: Duration::ZERO,
        attempt: Duration::from_millis(50),
    };
    for (address, patience, reason) in [
        (failing.address(), NONE, "status 500"),
        (address, NONE, "refused"),
        (silent.local_addr().unwrap(), hasty, "does not answer"),
    ] {
        let error = OpenStack::at(address, patience).user_data().unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::NoAnswer { .. }), "{text}");
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn bad_answers_are_errors_at_once() {
    let huge = "x".repeat(MAX_BYTES + 1);
    let cases: [(&str, Answer, &str); 5] = [
        (
            "off",
            Answer::Status(403, String::new()),
            "is the metadata service",
        ),
        ("empty token", Answer::ok(""), "the answer is not a token"),
        (
            "token with a line",
            Answer::ok("a\nb"),
            "the answer is not a token",
        ),
        (
            "no version 2",
            Answer::Status(405, String::new()),
            "status 405",
        ),
        ("too large", Answer::ok(huge), "length limit exceeded"),
    ];
    for (name, answer, reason) in cases {
        let server = FakeTcpServer::start(move |_| answer.clone());
        let error = Ec2::at(server.address(), NONE).user_data().unwrap_err();
        assert!(error.to_string().contains(reason), "{name}: {error}");
    }

    for document in ["", "[]", "{}", r#"{"region": 5}"#] {
        let server = FakeTcpServer::start(move |request| match request.method.as_str() {
            "PUT" => Answer::ok("token"),
            _ => Answer::ok(document),
        });
        let error = Ec2::at(server.address(), NONE).region().unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{document}: {error}");
    }
}

#[test]
fn openstack() {
    let server = FakeTcpServer::start(|request| match request.line().as_str() {
        "GET /openstack/latest/user_data" => Answer::ok("data"),
        _ => Answer::Status(404, String::new()),
    });
    let client = OpenStack::at(server.address(), PATIENCE);
    assert_eq!(client.user_data().unwrap().unwrap(), b"data");

    let server = FakeTcpServer::start(|_| Answer::Status(404, String::new()));
    let client = OpenStack::at(server.address(), PATIENCE);
    assert_eq!(client.user_data().unwrap(), None);
}

#[test]
fn google() {
    let path = "GET /computeMetadata/v1/instance/attributes/user-data";
    let flavor = || vec!["Metadata-Flavor: Google".to_owned()];
    let server = FakeTcpServer::start(move |request| {
        let known = request.header("metadata-flavor") == Some("Google");
        let named = request.header("host") == Some("metadata.google.internal");
        match request.line() == path && known && named {
            true => Answer::WithHeaders(200, flavor(), "data".into()),
            false => Answer::WithHeaders(403, flavor(), String::new()),
        }
    });
    let client = Gcp::at(server.address(), PATIENCE);
    assert_eq!(client.user_data().unwrap().unwrap(), b"data");

    let server = FakeTcpServer::start(move |_| Answer::WithHeaders(404, flavor(), String::new()));
    assert_eq!(Gcp::at(server.address(), NONE).user_data().unwrap(), None);

    let server = FakeTcpServer::start(|_| Answer::ok("not from Google"));
    let error = Gcp::at(server.address(), NONE).user_data().unwrap_err();
    assert!(
        error.to_string().contains("no header `Metadata-Flavor"),
        "{error}"
    );
}

#[test]
fn azure() {
    let path = "GET /metadata/instance/compute/userData?api-version=2021-01-01&format=text";
    for (body, expected) in [
        ("ZGF0YQ==", Some("data")),
        ("ZGF0YQ==\n", Some("data")),
        ("", None),
    ] {
        let server = FakeTcpServer::start(move |request| {
            let known = request.header("metadata") == Some("true");
            match request.line() == path && known {
                true => Answer::ok(body),
                false => Answer::Status(400, String::new()),
            }
        });
        let found = Azure::at(server.address(), PATIENCE).user_data().unwrap();
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{body}");
    }
    let server = FakeTcpServer::start(|_| Answer::ok("!"));
    let error = Azure::at(server.address(), NONE).user_data().unwrap_err();
    assert!(error.to_string().contains("not base64"), "{error}");
}
