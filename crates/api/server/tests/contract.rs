//! What the API says of itself is what it does.

mod common;

use common::{Node, Running};
use serde_json::{Value, json};

async fn operations(server: &Running) -> Vec<(String, String, Value)> {
    let document = server.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("an object").clone();
    let of_path = |(path, operations): (String, Value)| {
        let operations = operations.as_object().expect("an object").clone();
        let named = operations.into_iter();
        named.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    };
    paths.into_iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn every_operation_answers_with_a_code_it_names() {
    let node = Node::new();
    let server = node.start();
    let operations = operations(&server).await;
    assert!(operations.len() > 30, "{}", operations.len());
    for (method, path, operation) in operations {
        let target = path.replace("{number}", "1");
        let responses = operation["responses"].as_object().unwrap();
        for query in [
            "",
            "?keys=motd&names=motd&prefix=m",
            "?tx=%00&keys=&names=&prefix=",
        ] {
            for body in ["", "{}", "{\"motd\": \"a\"}", "[["] {
                let target = format!("{target}{query}");
                let answer = server.send(&method, &target, common::JSON, body).await;
                let code = answer.status.to_string();
                assert!(
                    responses.contains_key(&code),
                    "{method} {target} {body}: {answer:?}"
                );
                let content = answer.content_type.as_deref();
                match answer.status {
                    204 => assert_eq!((content, &*answer.body), (None, "")),
                    200 => assert_eq!(content, Some("application/json")),
                    _ => assert_eq!(content, Some("text/plain; charset=utf-8")),
                }
            }
        }
    }
}

#[tokio::test]
async fn what_this_version_has_not_is_said() {
    let node = Node::new();
    let server = node.start();
    let mut missing = Vec::new();
    for (method, path, operation) in operations(&server).await {
        if operation["responses"].get("501").is_some() {
            let answer = server.send(&method, &path, &[], "").await;
            assert_eq!(answer.status, 501);
            assert!(
                answer.body.starts_with("this version of the OS "),
                "{answer:?}"
            );
            missing.push(format!("{method} {path}"));
        }
    }
    assert_eq!(
        missing,
        [
            "POST /actions/ephemeral-storage/bind",
            "POST /actions/ephemeral-storage/init",
            "GET /actions/ephemeral-storage/list-dirs",
            "GET /actions/ephemeral-storage/list-disks",
            "GET /report/cis",
            "GET /report/fips",
        ]
    );
}

#[tokio::test]
async fn the_description_is_of_this_variant() {
    let node = Node::new();
    let server = node.start();
    let document = server.get("/openapi.json").await.json();
    assert_eq!(document["info"]["version"], "1.2.3");
    let groups = &document["components"]["schemas"]["Settings"]["properties"];
    let groups: Vec<_> = groups.as_object().unwrap().keys().collect();
    assert_eq!(json!(groups), json!(["kernel", "motd", "network", "ntp"]));
}
