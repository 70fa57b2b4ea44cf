//! Rules for `settings.cloudformation`.

use super::Faults;
use crate::Settings;

pub(super) fn check(settings: &Settings, faults: &mut Faults) {
    let Some(group) = &settings.cloudformation else {
        return;
    };
    // The call to CloudFormation takes both names, so there would be no signal
    // and the stack would wait for it until it fails.
    if group.should_signal == Some(true) {
        let because = "`should-signal` is on";
        if group.stack_name.is_none() {
            faults.missing(&["cloudformation", "stack-name"], because);
        }
        if group.logical_resource_id.is_none() {
            faults.missing(&["cloudformation", "logical-resource-id"], because);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::table;

    #[test]
    fn a_signal_needs_its_addressee() {
        table(
            &[
                json!({"cloudformation": {"should-signal": false}}),
                json!({"cloudformation": {"should-signal": true, "stack-name": "a", "logical-resource-id": "b"}}),
            ],
            &[
                (
                    json!({"cloudformation": {"should-signal": true, "logical-resource-id": "b"}}),
                    "settings.cloudformation.stack-name: it must be set, since `should-signal` is on",
                ),
                (
                    json!({"cloudformation": {"should-signal": true, "stack-name": "a"}}),
                    "settings.cloudformation.logical-resource-id: it must be set, since `should-signal` is on",
                ),
            ],
        );
    }
}
