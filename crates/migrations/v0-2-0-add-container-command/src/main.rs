//! Migration to 0.2.0: what runs in a host or bootstrap container can be chosen
//! with `command`.
//!
//! 0.1.0 refuses the key, so a downgrade sets it aside; the next upgrade finds
//! it again.

use std::process::ExitCode;

use migrate::Step;

fn steps() -> [Step; 2] {
    [
        Step::add("bootstrap-containers.*.command"),
        Step::add("host-containers.*.command"),
    ]
}

fn main() -> ExitCode {
    migrate::run(env!("CARGO_PKG_NAME"), steps())
}

#[cfg(test)]
mod tests {
    use migrate::{Direction, Migration};
    use serde_json::json;

    #[test]
    fn a_command_waits_for_the_next_upgrade() {
        let migration = Migration::new(env!("CARGO_PKG_NAME"), super::steps());
        let entry = |value| json!({"value": value, "who": "w"});
        let old = json!({"format": 1, "layers": {"user-data": {
            "host-containers.admin.enabled": entry(json!(true)),
        }}});
        let mut new = old.clone();
        for key in [
            "bootstrap-containers.setup.command",
            "host-containers.admin.command",
        ] {
            new["layers"]["user-data"][key] = entry(json!(["sh", "-c", "true"]));
        }

        let same = migration.apply(Direction::Forward, old.clone()).unwrap();
        assert_eq!(same, old);
        let back = migration.apply(Direction::Backward, new.clone()).unwrap();
        assert_eq!(back["layers"], old["layers"]);
        let there = migration.apply(Direction::Forward, back).unwrap();
        assert_eq!(there, new);
    }
}
