//! Looking at changes before they are made, and taking them back.

mod common;

use common::{Node, Running, refusal};
use serde_json::{Value, json};

/// Stages and commits a change.
async fn set(server: &Running, changes: Value) {
    server.patch("/settings?tx=set", changes).await;
    server.post("/tx/commit?tx=set").await.json();
}

async fn motd(server: &Running) -> Value {
    server.get("/settings?keys=motd").await.json()["motd"].take()
}

#[tokio::test]
async fn a_key_is_unset() {
    let node = Node::new();
    let server = node.start();
    set(&server, json!({"motd": "a", "ntp": {"options": ["b"]}})).await;
    let unset = server
        .send("DELETE", "/settings?keys=settings.motd,ntp&tx=t", &[], "")
        .await;
    let keys = json!(["settings.motd", "settings.ntp.options"]);
    assert_eq!(unset.json(), keys);
    // Staged only, and no setting of its own.
    assert_eq!(motd(&server).await, "a");
    assert_eq!(server.get("/tx?tx=t").await.json(), json!({}));
    assert_eq!(
        server.get("/tx/diff?tx=t").await.json(),
        json!([
            {"key": "settings.motd", "before": "a", "after": "default", "layer": "default"},
            {"key": "settings.ntp.options", "before": ["b"], "after": null, "layer": null},
        ])
    );
    assert_eq!(server.post("/tx/commit?tx=t").await.json(), keys);
    assert_eq!(server.get("/settings").await.json(), common::defaults());
    // Nobody has set it any more.
    let nothing = server.send("DELETE", "/settings?keys=motd", &[], "").await;
    assert_eq!(nothing.json(), json!([]));
    for (target, sentence) in [
        ("/settings", "the parameter `keys` is missing"),
        ("/settings?keys=", "the parameter `keys` is empty"),
        (
            "/settings?keys=motd,mtod",
            "settings.mtod: nothing can be set there",
        ),
        (
            "/settings?keys=motd&tx=a/b",
            "invalid transaction name: `a/b` must have 1 to 128 characters of \
             `a-zA-Z0-9._+-` and must not start with `.`",
        ),
    ] {
        let answer = server.send("DELETE", target, &[], "").await;
        assert_eq!(answer, refusal(400, sentence), "{target}");
    }
}

#[tokio::test]
async fn each_value_says_where_it_is_from() {
    let node = Node::new();
    let server = node.start();
    set(&server, json!({"motd": "a"})).await;
    let all = server.get("/settings?provenance=true").await.json();
    assert_eq!(
        all["settings.ntp.time-servers"],
        json!({"value": ["pool.example.com"], "layer": "default"})
    );
    let mut motd = all["settings.motd"].clone();
    assert!(motd["time"].take().as_str().unwrap().ends_with('Z'));
    let who = motd["who"].take();
    let uid = rustix::process::getuid().as_raw();
    assert!(
        who.as_str()
            .unwrap()
            .starts_with(&format!("uid {uid}, pid "))
    );
    assert_eq!(
        motd,
        json!({
            "value": "a",
            "layer": "api",
            "time": null,
            "transaction": "set",
            "who": null,
            "covers": ["default"],
        })
    );
    for (query, expected) in [
        ("keys=ntp,x", &["settings.ntp.time-servers"][..]),
        ("prefix=settings.mo", &["settings.motd"]),
        ("prefix=x", &[]),
    ] {
        let target = format!("/settings?provenance=true&{query}");
        let part = server.get(&target).await.json();
        let keys: Vec<_> = part.as_object().unwrap().keys().collect();
        assert_eq!(keys, expected, "{query}");
    }
    let plain = server.get("/settings?provenance=false").await.json();
    assert_eq!(plain["motd"], "a");
}

#[tokio::test]
async fn a_check_says_what_would_change_and_changes_nothing() {
    let node = Node::new();
    let server = node.start();
    server
        .patch(
            "/settings",
            json!({"motd": "default", "ntp": {"time-servers": ["a.example"]}, "network": {"hostname": "n"}}),
        )
        .await;
    let outlook = server.post("/tx/check").await.json();
    let keys = outlook["changes"].as_array().unwrap().iter();
    let keys: Vec<_> = keys.map(|change| change["key"].clone()).collect();
    assert_eq!(
        keys,
        ["settings.network.hostname", "settings.ntp.time-servers"]
    );
    let files = outlook["files"].as_array().unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0]["name"], "timesyncd");
    assert_eq!(files[0]["path"], "/etc/timesyncd.conf");
    assert_eq!(files[0]["changed"], true);
    let diff = files[0]["diff"].as_str().unwrap();
    assert!(diff.starts_with("--- /etc/timesyncd.conf\n+++ /etc/timesyncd.conf\n@@ "));
    assert!(
        diff.contains("\n-NTP=pool.example.com\n+NTP=a.example\n"),
        "{diff}"
    );
    assert_eq!(
        outlook["services"],
        json!([{
            "name": "ntp",
            "restart-commands": ["systemctl try-restart systemd-timesyncd.service"],
        }])
    );
    assert_eq!(server.get("/settings").await.json(), common::defaults());
    assert_eq!(server.get("/status").await.json()["generation"], 0);

    // A file that stays as it is is no reason for a restart.
    server
        .patch("/settings?tx=same", json!({"ntp": {"options": ["iburst"]}}))
        .await;
    let outlook = server.post("/tx/check?tx=same").await.json();
    assert_eq!(
        outlook["files"],
        json!([{"name": "timesyncd", "path": "/etc/timesyncd.conf", "changed": false}])
    );
    assert_eq!(outlook["services"], json!([]));

    let nothing = refusal(422, "transaction `none` has no pending changes");
    assert_eq!(server.post("/tx/check?tx=none").await, nothing);
    server
        .patch(
            "/settings?tx=bad",
            json!({"kernel": {"sysctl": {"a.b": "1", "a/b": "2"}}}),
        )
        .await;
    assert_eq!(server.post("/tx/check?tx=bad").await.status, 400);
}

#[tokio::test]
async fn commits_are_remembered_and_can_be_taken_back() {
    let node = Node::new();
    let server = node.start();
    assert_eq!(server.get("/history").await.json(), json!([]));
    set(&server, json!({"motd": "one"})).await;
    set(&server, json!({"motd": "two", "ntp": {"options": ["b"]}})).await;
    let history = server.get("/history").await.json();
    assert_eq!(history.as_array().unwrap().len(), 2);
    let newest = &history[0];
    assert_eq!(newest["number"], 2);
    assert_eq!(newest["transaction"], "set");
    assert_eq!(
        newest["keys"],
        json!(["settings.motd", "settings.ntp.options"])
    );
    assert_eq!(
        (&newest["current"], &history[1]["current"]),
        (&json!(true), &json!(false))
    );
    assert!(newest["who"].as_str().unwrap().starts_with("uid "));
    assert!(newest["time"].as_str().unwrap().ends_with('Z'));

    let back = server.post("/history/1/rollback?apply=false").await;
    assert_eq!(
        back.json(),
        json!(["settings.motd", "settings.ntp.options"])
    );
    assert_eq!(motd(&server).await, "one");
    let history = server.get("/history").await.json();
    assert_eq!(history[0]["transaction"], "rollback-to-1");
    // There it is already.
    assert_eq!(server.post("/history/3/rollback").await.json(), json!([]));

    // No applier is there to be told.
    let answer = server.post("/history/2/rollback").await;
    assert_eq!(answer.status, 500);
    assert!(
        answer
            .body
            .starts_with("the settings are committed, but not applied: ")
    );
    assert_eq!(motd(&server).await, "two");
    for (target, sentence) in [
        ("/history/99/rollback", "generation 99 is not kept"),
        ("/history/x/rollback", "`x` is not a number"),
        ("/history/01/rollback", "`01` is not a number"),
        ("/history/-1/rollback", "`-1` is not a number"),
    ] {
        assert_eq!(
            server.post(target).await,
            refusal(404, sentence),
            "{target}"
        );
    }
    let damaged = node.path("datastore/1.2.3/generation-000001.json");
    std::fs::write(damaged, "{}").unwrap();
    let history = server.get("/history").await.json();
    let lost = history.as_array().unwrap().last().unwrap();
    assert_eq!((&lost["number"], &lost["keys"]), (&json!(1), &json!([])));
    assert!(lost["damaged"].is_string());
    assert_eq!(server.post("/history/1/rollback").await.status, 500);
}

#[tokio::test]
async fn pairs_are_guessed_as_the_setting_wants_them() {
    let node = Node::new();
    let server = node.start();
    let pairs = |pairs: &[&str]| json!({"request_payload": pairs});
    let answer = server
        .with_json(
            "PATCH",
            "/settings/keypair?tx=t",
            pairs(&[
                "motd=5",
                "settings.network.hostname=a=b",
                "kernel.lockdown=none",
            ]),
        )
        .await;
    // A name with `=` in it is refused by the model, not by the guess.
    assert_eq!(answer.status, 400, "{answer:?}");
    let answer = server
        .with_json(
            "PATCH",
            "/settings/keypair?tx=t",
            pairs(&[
                "motd=5",
                "kernel.modules.udf.allowed=true",
                "kernel.lockdown=none",
            ]),
        )
        .await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(
        server.get("/tx?tx=t").await.json(),
        json!({"motd": "5", "kernel": {"lockdown": "none", "modules": {"udf": {"allowed": true}}}})
    );
    for (body, sentence) in [
        (pairs(&["motd"]), "`motd` is not KEY=VALUE"),
        (
            pairs(&["a..b=1"]),
            "invalid key `a..b`: a name in it is empty",
        ),
        (
            json!({"payload": []}),
            "unknown field `payload`, expected `request_payload`",
        ),
    ] {
        let answer = server.with_json("PATCH", "/settings/keypair", body).await;
        assert_eq!(answer, refusal(400, sentence));
    }
}
