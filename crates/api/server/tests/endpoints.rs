//! Every endpoint, when it does what is asked and when it refuses.

mod common;

use common::{JSON, Node, WANTS_JSON, nothing, refusal};
use hyper::StatusCode;
use serde_json::{Value, json};

fn os() -> Value {
    json!({
        "arch": std::env::consts::ARCH,
        "build_id": "abcd1234",
        "pretty_name": "Bottlerocket OS 1.2.3",
        "variant_id": "metal-dev",
        "version_id": "1.2.3",
    })
}

fn services() -> Value {
    json!({
        "motd": {"configuration-files": ["motd"], "restart-commands": []},
        "ntp": {
            "configuration-files": ["timesyncd"],
            "restart-commands": ["systemctl try-restart systemd-timesyncd.service"],
        },
    })
}

fn configuration_files() -> Value {
    json!({
        "motd": {"path": "/etc/motd", "template-path": "motd"},
        "timesyncd": {
            "path": "/etc/timesyncd.conf",
            "template-path": "timesyncd",
            "mode": "0600",
        },
    })
}

#[tokio::test]
async fn settings_are_read_whole_and_in_parts() {
    let node = Node::new();
    let server = node.start();
    server
        .patch(
            "/settings",
            json!({"network": {"hostname": "n"}, "kernel": {"sysctl": {"a.b": "1"}}}),
        )
        .await;
    server.post("/tx/commit").await.json();
    let settings = json!({
        "motd": "default",
        "ntp": {"time-servers": ["pool.example.com"]},
        "network": {"hostname": "n"},
        "kernel": {"sysctl": {"a.b": "1"}},
    });
    let only = |name: &str| json!({ name: settings[name] });
    for (target, expected) in [
        ("/settings", settings.clone()),
        ("/settings?keys=motd", only("motd")),
        ("/settings?keys=settings.motd", only("motd")),
        (
            "/settings?keys=settings.kernel.sysctl.%22a.b%22",
            only("kernel"),
        ),
        ("/settings?keys=ntp", only("ntp")),
        (
            "/settings?keys=motd,unknown.key,network.hostname",
            json!({"motd": "default", "network": {"hostname": "n"}}),
        ),
        ("/settings?keys=unknown", json!({})),
        ("/settings?keys=motd&prefix=ntp", only("motd")),
        (
            "/settings?prefix=n",
            json!({"ntp": settings["ntp"], "network": settings["network"]}),
        ),
        ("/settings?prefix=settings.net", only("network")),
        ("/settings?prefix=kernel.sysctl.%22a", only("kernel")),
        ("/settings?prefix=x", json!({})),
        ("/settings?unknown=x", settings.clone()),
        (
            "/",
            json!({
                "settings": settings,
                "services": services(),
                "configuration-files": configuration_files(),
                "os": os(),
            }),
        ),
        (
            "/?prefix=services.m",
            json!({"services": {"motd": services()["motd"]}}),
        ),
        ("/?prefix=settings.motd", json!({"settings": only("motd")})),
        (
            "/?prefix=os.v",
            json!({"os": {"variant_id": "metal-dev", "version_id": "1.2.3"}}),
        ),
        (
            "/?prefix=se",
            json!({"settings": settings, "services": services()}),
        ),
        ("/services", services()),
        ("/services?names=ntp", json!({"ntp": services()["ntp"]})),
        ("/services?prefix=mo", json!({"motd": services()["motd"]})),
        ("/services?prefix=x", json!({})),
        ("/configuration-files", configuration_files()),
        (
            "/configuration-files?names=motd,timesyncd",
            configuration_files(),
        ),
        (
            "/metadata/affected-services?keys=settings.motd,ntp.options,network",
            json!({"settings.motd": ["motd"], "settings.ntp.options": ["ntp"]}),
        ),
        (
            "/metadata/templates?keys=motd,network.no-proxy",
            json!({"settings.network.no-proxy": "{{ settings.motd }}"}),
        ),
        (
            "/metadata/setting-generators",
            json!({
                "settings.network.hostname": "netdog generate-hostname",
                "settings.network.no-proxy": {"command": "schnauzer", "strength": "weak"},
            }),
        ),
        ("/?prefix=x", json!({})),
        ("/os", os()),
        ("/os?prefix=ver", json!({"version_id": "1.2.3"})),
        ("/os?prefix=x", json!({})),
    ] {
        assert_eq!(server.get(target).await.json(), expected, "{target}");
    }
    for (target, sentence) in [
        ("/settings?keys=", "the parameter `keys` is empty"),
        ("/settings?prefix=", "the parameter `prefix` is empty"),
        ("/?prefix=", "the parameter `prefix` is empty"),
        ("/os?prefix=", "the parameter `prefix` is empty"),
        ("/services?names=", "the parameter `names` is empty"),
        (
            "/configuration-files?prefix=",
            "the parameter `prefix` is empty",
        ),
        (
            "/metadata/affected-services",
            "the parameter `keys` is missing",
        ),
        ("/metadata/templates", "the parameter `keys` is missing"),
        (
            "/settings?provenance=yes",
            "the parameter `provenance` is neither `true` nor `false`",
        ),
        (
            "/settings?keys=a&keys=b",
            "the parameter `keys` occurs twice",
        ),
        (
            "/settings?keys=a..b",
            "invalid key `a..b`: a name in it is empty",
        ),
        ("/settings?keys=a,", "invalid key ``: a name in it is empty"),
        (
            "/settings?keys=%22%0A%22",
            "invalid key `\"\\n\"`: it contains a control character",
        ),
    ] {
        assert_eq!(server.get(target).await, refusal(400, sentence), "{target}");
    }
    for (target, sentence) in [
        ("/services?names=ntp,x", "there is no service `x`"),
        (
            "/configuration-files?names=x",
            "there is no configuration file `x`",
        ),
    ] {
        assert_eq!(server.get(target).await, refusal(404, sentence), "{target}");
    }
}

#[tokio::test]
async fn transactions_are_staged_looked_at_dropped_and_committed() {
    let node = Node::new();
    let server = node.start();
    assert_eq!(server.get("/tx").await.json(), json!({}));
    assert_eq!(server.get("/tx/list").await.json(), json!([]));
    server.patch("/settings", json!({"motd": "a"})).await;
    server
        .patch("/settings", json!({"ntp": {"options": ["b"]}}))
        .await;
    server
        .patch("/settings?tx=other", json!({"motd": "c"}))
        .await;
    server.patch("/settings?tx=nothing", json!({})).await;
    let staged = json!({"motd": "a", "ntp": {"options": ["b"]}});
    for target in ["/tx", "/tx?tx=default"] {
        assert_eq!(server.get(target).await.json(), staged);
    }
    assert_eq!(
        server.get("/tx?tx=other").await.json(),
        json!({"motd": "c"})
    );
    assert_eq!(
        server.get("/tx/list").await.json(),
        json!(["default", "other"])
    );
    assert_eq!(server.get("/settings").await.json(), common::defaults());

    let dropped = server.send("DELETE", "/tx?tx=other", &[], "").await;
    assert_eq!(dropped.json(), json!(["settings.motd"]));
    let dropped = server.send("DELETE", "/tx?tx=other", &[], "").await;
    assert_eq!(dropped.json(), json!([]));

    let committed = server.post("/tx/commit").await.json();
    assert_eq!(committed, json!(["settings.motd", "settings.ntp.options"]));
    assert_eq!(
        server.get("/settings?keys=motd").await.json(),
        json!({"motd": "a"})
    );
    assert_eq!(server.get("/status").await.json()["generation"], 1);
    for (target, name) in [
        ("/tx/commit", "default"),
        ("/tx/commit_and_apply?tx=other", "other"),
    ] {
        let sentence = format!("transaction `{name}` has no pending changes");
        assert_eq!(server.post(target).await, refusal(422, &sentence));
    }
    let name =
        "`../x` must have 1 to 128 characters of `a-zA-Z0-9._+-` and must not start with `.`";
    for (method, target) in [
        ("GET", "/tx?tx=../x"),
        ("DELETE", "/tx?tx=../x"),
        ("POST", "/tx/commit?tx=../x"),
        ("PATCH", "/settings?tx=../x"),
    ] {
        let answer = server.send(method, target, JSON, "{}").await;
        assert_eq!(
            answer,
            refusal(400, &format!("invalid transaction name: {name}"))
        );
    }
}

#[tokio::test]
async fn bad_settings_are_refused_with_a_reason() {
    let node = Node::new();
    let server = node.start();
    for (target, headers, body, answer) in [
        (
            "/settings",
            &[][..],
            "{}",
            refusal(
                400,
                "the body must be JSON, with the header `Content-Type: application/json`",
            ),
        ),
        (
            "/settings",
            &[("Content-Type", "text/plain")],
            "{}",
            refusal(
                400,
                "the body must be JSON, with the header `Content-Type: application/json`",
            ),
        ),
        (
            "/settings",
            &[("Content-Type", "application/json; charset=utf-8")],
            "{\"motd\": 5}",
            refusal(
                400,
                "settings.motd: invalid type: integer `5`, expected a string",
            ),
        ),
        (
            "/settings",
            JSON,
            "",
            refusal(
                400,
                "invalid JSON: EOF while parsing a value at line 1 column 0",
            ),
        ),
        (
            "/settings",
            JSON,
            "{\"motd\": \"a\", \"motd\": \"b\"}",
            refusal(
                400,
                "invalid JSON: the name `motd` occurs twice in one object at line 1 column 20",
            ),
        ),
        (
            "/settings",
            JSON,
            "{\"mtod\": \"a\"}",
            refusal(
                400,
                "settings.mtod: unknown field `mtod`, expected one of `motd`, `kernel`, `network`, `ntp`\n\
                 hint: did you mean `motd`?",
            ),
        ),
        (
            "/settings?layer=",
            JSON,
            "{}",
            refusal(400, "the parameter `layer` is empty"),
        ),
        (
            "/settings?layer=image",
            JSON,
            "{}",
            refusal(
                400,
                "there is no layer `image`\nhint: the layers are `generated`, `user-data` and `api`",
            ),
        ),
    ] {
        let found = server.send("PATCH", target, headers, body).await;
        assert_eq!(found, answer, "{target} {body}");
    }
    assert_eq!(server.get("/tx/list").await.json(), json!([]));

    // Good for itself, but not together with what is there.
    server
        .patch(
            "/settings",
            json!({"kernel": {"sysctl": {"a.b": "1", "a/b": "2"}}}),
        )
        .await;
    let answer = server.post("/tx/commit").await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.contains("are the same parameter"),
        "{}",
        answer.body
    );
    assert_eq!(server.get("/settings").await.json(), common::defaults());
}

#[tokio::test]
async fn errors_are_json_for_whoever_asks() {
    let node = Node::new();
    let server = node.start();
    let headers = [JSON[0], WANTS_JSON];
    for (body, expected) in [
        (
            "{\"ntp\": {\"option\": []}}",
            json!({
                "error": "settings.ntp.option: unknown field `option`, expected `time-servers` or `options`",
                "hint": "did you mean `options`?",
            }),
        ),
        (
            "[",
            json!({"error": "invalid JSON: EOF while parsing a list at line 1 column 1"}),
        ),
    ] {
        let answer = server.send("PATCH", "/settings", &headers, body).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.content_type.as_deref(), Some("application/json"));
        assert_eq!(
            serde_json::from_str::<Value>(&answer.body).unwrap(),
            expected
        );
    }
    for other in ["*/*", "application/jsonl", "text/plain", ""] {
        let answer = server
            .send("POST", "/tx/commit", &[("Accept", other)], "")
            .await;
        assert_eq!(
            answer,
            refusal(422, "transaction `default` has no pending changes"),
            "{other}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_without_a_body() {
    let node = Node::new();
    let server = node.start();
    for (method, target) in [
        ("GET", "/nothing"),
        ("GET", "/settings/"),
        ("GET", "//settings"),
        ("GET", "/%73ettings"),
        ("HEAD", "/settings"),
        ("PUT", "/settings"),
        ("DELETE", "/"),
        ("GET", "/tx/commit"),
        ("GET", "/actions/reboot"),
        ("OPTIONS", "*"),
        ("BREW", "/settings"),
    ] {
        let answer = server.send(method, target, &[WANTS_JSON], "").await;
        assert_eq!(answer, nothing(StatusCode::NOT_FOUND), "{method} {target}");
    }
}

#[tokio::test]
async fn reboots_are_asked_for_and_refusals_passed_on() {
    let node = Node::new();
    let server = node.start();
    assert_eq!(
        server.post("/actions/reboot").await,
        nothing(StatusCode::NO_CONTENT)
    );
    server.stop().await;

    let mut config = node.config();
    config.systemctl = node.path("systemctl");
    let refusing = "#!/bin/sh\necho \"$@: inhibited\" >&2\nexit 1\n";
    std::fs::write(&config.systemctl, refusing).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&config.systemctl, executable).unwrap();
    let server = node.start_with(config);
    let answer = server.post("/actions/reboot").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer
            .body
            .ends_with("failed (exit status: 1): reboot --check-inhibitors=yes: inhibited"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn a_restart_keeps_settings_and_transactions() {
    let node = Node::new();
    let server = node.start();
    server.patch("/settings", json!({"motd": "kept"})).await;
    server.post("/tx/commit").await.json();
    server
        .patch("/settings?tx=t", json!({"motd": "pending"}))
        .await;
    server.stop().await;
    let server = node.start();
    assert_eq!(
        server.get("/settings?keys=motd").await.json(),
        json!({"motd": "kept"})
    );
    assert_eq!(
        server.get("/tx?tx=t").await.json(),
        json!({"motd": "pending"})
    );
}

#[tokio::test]
async fn stopping_does_not_wait_for_idle_clients() {
    let node = Node::new();
    let server = node.start();
    let idle = tokio::net::UnixStream::connect(&server.socket)
        .await
        .unwrap();
    // By now the idle one has been taken too.
    assert_eq!(server.get("/status").await.status, 200);
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(5), server.stop());
    stopped.await.unwrap();
    drop(idle);
}
