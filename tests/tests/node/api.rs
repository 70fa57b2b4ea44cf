//! The settings API refuses what is wrong, and says why.

use anyhow::Result;
use end_to_end_tests::{api, on_node};

#[test]
fn bad_settings_are_refused_with_a_reason_and_change_nothing() -> Result<()> {
    let cases = [
        ("unknown group", "nonsense.key=1", "nonsense"),
        ("unknown key", "ntp.nonsense=1", "nonsense"),
        ("wrong type", "updates.seed=many", "seed"),
        ("bad value", "network.hostname=-bad-", "hostname"),
        ("one bad among good", "motd=good", "hostname"),
    ];
    on_node(|subject| {
        let channel = subject.channel();
        let before = (api::settings(channel)?, api::get(channel, "/status")?);
        for (name, assignment, mentions) in cases {
            let mut arguments = vec!["set", assignment];
            if name == "one bad among good" {
                arguments.push("network.hostname=-bad-");
            }
            let done = api::apiclient(channel, &arguments)?;
            let message = done.stderr.text();
            assert_eq!(done.exit, 1, "{name}: {message}");
            assert!(
                message.starts_with("error: ") && message.contains(mentions),
                "{name}: {message}"
            );
        }
        assert_eq!(
            (api::settings(channel)?, api::get(channel, "/status")?),
            before
        );
        assert_eq!(api::get(channel, "/tx/list")?, serde_json::json!([]));
        Ok(())
    })
}

#[test]
fn a_node_without_user_data_is_healthy() -> Result<()> {
    on_node(|subject| {
        let status = api::get(subject.channel(), "/status")?;
        assert_eq!(status["degraded"], false, "{status}");
        assert_eq!(status["stage"], "multi-user", "{status}");
        Ok(())
    })
}

#[test]
fn the_api_tells_the_version_of_the_os() -> Result<()> {
    on_node(|subject| {
        let os = api::get(subject.channel(), "/os")?;
        assert_eq!(os["arch"], subject.image.architecture.as_str(), "{os}");
        assert!(
            os["version_id"].as_str().is_some_and(|v| !v.is_empty()),
            "{os}"
        );
        Ok(())
    })
}
