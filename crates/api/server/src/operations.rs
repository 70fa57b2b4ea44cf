//! The operations of the API.

use crate::operation::{Operation, Parameter, Shape, now};
use crate::{
    applier, check, exec, history, metadata, not_yet, openapi, os, overview, power, report,
    settings, status, transactions, updates,
};

/// All of them. A request that is for none is answered with 404.
pub(crate) fn all() -> impl Iterator<Item = &'static Operation> {
    [
        SETTINGS,
        TRANSACTIONS,
        HISTORY,
        NODE,
        DECLARED,
        UPDATES,
        CONTAINERS,
        REPORTS,
        NOT_YET,
    ]
    .into_iter()
    .flatten()
}

const TX: Parameter = Parameter {
    name: "tx",
    description: "Name of the transaction; `default` where it is left out",
    required: false,
};

const KEYS: Parameter = Parameter {
    name: "keys",
    description: "Keys separated by commas, with or without `settings.` before them",
    required: false,
};

const SOME_KEYS: Parameter = Parameter {
    required: true,
    ..KEYS
};

const PREFIX: Parameter = Parameter {
    name: "prefix",
    description: "Only what has a name that starts with this",
    required: false,
};

const LAYER: Parameter = Parameter {
    name: "layer",
    description: "`api`, or, for root, `user-data` or `generated`",
    required: false,
};

const NAMES: Parameter = Parameter {
    name: "names",
    description: "Names separated by commas",
    required: false,
};

const SETTINGS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/",
        summary: "Everything at one look",
        query: &[PREFIX],
        body: None,
        answer: Shape::Described("Overview"),
        errors: &[400],
        handler: |state, request| now(overview::get(state, request)),
    },
    Operation {
        method: "GET",
        path: "/settings",
        summary: "The effective settings, or a part of them; unknown keys are skipped",
        query: &[
            KEYS,
            PREFIX,
            Parameter {
                name: "provenance",
                description: "`true`: an object of keys, each with its value and where that is from",
                required: false,
            },
        ],
        body: None,
        answer: Shape::Settings,
        errors: &[400],
        handler: |state, request| now(settings::get(state, request)),
    },
    Operation {
        method: "PATCH",
        path: "/settings",
        summary: "Stages changes in a transaction",
        query: &[TX, LAYER],
        body: Some(Shape::Settings),
        answer: Shape::Nothing,
        errors: &[400, 403, 413, 429],
        handler: |state, request| Box::pin(settings::patch(state, request)),
    },
    Operation {
        method: "PATCH",
        path: "/settings/keypair",
        summary: "Stages changes that are given as KEY=VALUE",
        query: &[TX, LAYER],
        body: Some(Shape::Described("Assignments")),
        answer: Shape::Nothing,
        errors: &[400, 403, 413, 429],
        handler: |state, request| Box::pin(settings::patch_pairs(state, request)),
    },
    Operation {
        method: "DELETE",
        path: "/settings",
        summary: "Stages in a transaction that keys return to the layer below; answers with \
                  those that somebody has set",
        query: &[SOME_KEYS, TX],
        body: None,
        answer: Shape::Names,
        errors: &[400, 413, 429],
        handler: |state, request| Box::pin(settings::unset(state, request)),
    },
];

const TRANSACTIONS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/tx",
        summary: "What a transaction sets",
        query: &[TX],
        body: None,
        answer: Shape::Settings,
        errors: &[400],
        handler: |state, request| now(transactions::get(state, request)),
    },
    Operation {
        method: "DELETE",
        path: "/tx",
        summary: "Drops a transaction; answers with the keys it was about",
        query: &[TX],
        body: None,
        answer: Shape::Names,
        errors: &[400],
        handler: |state, request| Box::pin(transactions::delete(state, request)),
    },
    Operation {
        method: "GET",
        path: "/tx/list",
        summary: "The names of the open transactions",
        query: &[],
        body: None,
        answer: Shape::Names,
        errors: &[],
        handler: |state, _| now(transactions::list(state)),
    },
    Operation {
        method: "GET",
        path: "/tx/diff",
        summary: "The effective values that a commit would change",
        query: &[TX],
        body: None,
        answer: Shape::Described("Changes"),
        errors: &[400],
        handler: |state, request| now(transactions::diff(state, request)),
    },
    Operation {
        method: "POST",
        path: "/tx/check",
        summary: "What a commit and its application would change, rewrite and restart; does \
                  none of it",
        query: &[TX],
        body: None,
        answer: Shape::Described("Outlook"),
        errors: &[400, 422],
        handler: |state, request| Box::pin(check::check(state, request)),
    },
    Operation {
        method: "POST",
        path: "/tx/commit",
        summary: "Makes a transaction effective; answers with the keys it was about",
        query: &[TX],
        body: None,
        answer: Shape::Names,
        errors: &[400, 422],
        handler: |state, request| Box::pin(transactions::commit(state, request)),
    },
    Operation {
        method: "POST",
        path: "/tx/apply",
        summary: "Has configuration files rewritten and services restarted",
        query: &[KEYS],
        body: None,
        answer: Shape::Nothing,
        errors: &[400],
        handler: |state, request| Box::pin(applier::apply(state, request)),
    },
    Operation {
        method: "POST",
        path: "/tx/commit_and_apply",
        summary: "Makes a transaction effective and applies it",
        query: &[TX],
        body: None,
        answer: Shape::Names,
        errors: &[400, 422],
        handler: |state, request| Box::pin(transactions::commit_and_apply(state, request)),
    },
];

const HISTORY: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/history",
        summary: "The commits that are kept, the newest first",
        query: &[],
        body: None,
        answer: Shape::Described("History"),
        errors: &[],
        handler: |state, _| Box::pin(history::list(state)),
    },
    Operation {
        method: "POST",
        path: "/history/{number}/rollback",
        summary: "Commits the settings as they were after a commit, and applies them; answers \
                  with the keys that are different now",
        query: &[Parameter {
            name: "apply",
            description: "`false`: do not apply them",
            required: false,
        }],
        body: None,
        answer: Shape::Names,
        errors: &[400, 404],
        handler: |state, request| Box::pin(history::rollback(state, request)),
    },
];

const NODE: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/os",
        summary: "Which OS this is",
        query: &[PREFIX],
        body: None,
        answer: Shape::Described("Os"),
        errors: &[400],
        handler: |state, request| now(os::get(state, request)),
    },
    Operation {
        method: "GET",
        path: "/status",
        summary: "Whether the node is as it should be, and why not",
        query: &[],
        body: None,
        answer: Shape::Described("Status"),
        errors: &[],
        handler: |state, _| now(status::get(state)),
    },
    Operation {
        method: "POST",
        path: "/status/stage",
        summary: "Reports how far the boot is (for root)",
        query: &[],
        body: Some(Shape::Described("Stage")),
        answer: Shape::Nothing,
        errors: &[400, 403],
        handler: |state, request| now(status::reach(state, request)),
    },
    Operation {
        method: "POST",
        path: "/status/problem",
        summary: "Reports a problem (for root)",
        query: &[],
        body: Some(Shape::Described("Problem")),
        answer: Shape::Nothing,
        errors: &[400, 403, 429],
        handler: |state, request| now(status::report(state, request)),
    },
    Operation {
        method: "POST",
        path: "/actions/reboot",
        summary: "Reboots, unless something holds an inhibitor lock",
        query: &[],
        body: None,
        answer: Shape::Nothing,
        errors: &[],
        handler: |state, request| Box::pin(power::reboot(state, request)),
    },
    Operation {
        method: "GET",
        path: "/openapi.json",
        summary: "This description",
        query: &[],
        body: None,
        answer: Shape::Described("Document"),
        errors: &[],
        handler: |state, _| Box::pin(openapi::get(state)),
    },
];

const REPORTS: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/report",
        summary: "The reports that there are",
        query: &[],
        body: None,
        answer: Shape::Described("Reports"),
        errors: &[],
        handler: |_, _| now(report::list()),
    },
    Operation {
        method: "GET",
        path: "/report/logs",
        summary: "Logs and facts about the node in an archive (tar, gzip), without secrets",
        query: &[],
        body: None,
        answer: Shape::Archive,
        errors: &[],
        handler: |state, request| Box::pin(report::logs(state, request)),
    },
];

const CONTAINERS: &[Operation] = &[Operation {
    method: "GET",
    path: "/exec",
    summary: "Runs a command in a host container: a WebSocket, whose messages the \
              documentation describes",
    query: &[],
    body: None,
    answer: Shape::WebSocket,
    errors: &[400],
    handler: |state, request| Box::pin(exec::open(state, request)),
}];

const DECLARED: &[Operation] = &[
    Operation {
        method: "GET",
        path: "/services",
        summary: "The services that read configuration files",
        query: &[NAMES, PREFIX],
        body: None,
        answer: Shape::Described("Services"),
        errors: &[400, 404],
        handler: |state, request| now(metadata::services(state, request)),
    },
    Operation {
        method: "GET",
        path: "/configuration-files",
        summary: "The files that are rendered from settings",
        query: &[NAMES, PREFIX],
        body: None,
        answer: Shape::Described("ConfigurationFiles"),
        errors: &[400, 404],
        handler: |state, request| now(metadata::configuration_files(state, request)),
    },
    Operation {
        method: "GET",
        path: "/metadata/affected-services",
        summary: "The services that keys affect; keys that affect none are left out",
        query: &[SOME_KEYS],
        body: None,
        answer: Shape::Described("NamesByKey"),
        errors: &[400],
        handler: |state, request| now(metadata::affected_services(state, request)),
    },
    Operation {
        method: "GET",
        path: "/metadata/templates",
        summary: "The templates of keys whose value is rendered; others are left out",
        query: &[SOME_KEYS],
        body: None,
        answer: Shape::Described("TextByKey"),
        errors: &[400],
        handler: |state, request| now(metadata::templates(state, request)),
    },
    Operation {
        method: "GET",
        path: "/metadata/setting-generators",
        summary: "The command that finds out the value of each key that has one",
        query: &[],
        body: None,
        answer: Shape::Described("Generators"),
        errors: &[],
        handler: |state, _| now(metadata::setting_generators(state)),
    },
];

const UPDATES: &[Operation] = &[
    Operation {
        handler: |state, request| Box::pin(updates::act(state, request, "refresh")),
        ..update_action("/actions/refresh-updates", "Looks for an update")
    },
    Operation {
        handler: |state, request| Box::pin(updates::act(state, request, "prepare")),
        ..update_action(
            "/actions/prepare-update",
            "Writes the chosen update to the other slot",
        )
    },
    Operation {
        handler: |state, request| Box::pin(updates::act(state, request, "activate")),
        ..update_action(
            "/actions/activate-update",
            "What was written to the other slot boots next",
        )
    },
    Operation {
        handler: |state, request| Box::pin(updates::act(state, request, "deactivate")),
        ..update_action(
            "/actions/deactivate-update",
            "The other slot does not boot next after all",
        )
    },
    Operation {
        handler: |state, request| Box::pin(updates::act(state, request, "rollback")),
        ..update_action(
            "/actions/rollback-update",
            "The system that ran before this one boots next",
        )
    },
    Operation {
        method: "GET",
        path: "/updates/status",
        summary: "How far the node is on its way to another version, and how the last action \
                  ended",
        query: &[],
        body: None,
        answer: Shape::Described("UpdateStatus"),
        errors: &[404, 423],
        handler: |state, _| Box::pin(updates::status(state)),
    },
    Operation {
        method: "GET",
        path: "/updates/progress",
        summary: "Whether an update action is not over yet, and how far its download is",
        query: &[],
        body: None,
        answer: Shape::Described("UpdateProgress"),
        errors: &[],
        handler: |state, _| Box::pin(updates::progress(state)),
    },
];

/// An action that goes on after the answer.
const fn update_action(path: &'static str, summary: &'static str) -> Operation {
    Operation {
        method: "POST",
        path,
        summary,
        query: &[],
        body: None,
        answer: Shape::Nothing,
        errors: &[404, 409, 423],
        handler: |_, _| now(crate::answer::done()),
    }
}

/// What this version answers with 501.
const NOT_YET: &[Operation] = &[
    not_yet::reports("GET", "/report/cis"),
    not_yet::reports("GET", "/report/fips"),
    not_yet::ephemeral_storage("POST", "/actions/ephemeral-storage/init"),
    not_yet::ephemeral_storage("POST", "/actions/ephemeral-storage/bind"),
    not_yet::ephemeral_storage("GET", "/actions/ephemeral-storage/list-disks"),
    not_yet::ephemeral_storage("GET", "/actions/ephemeral-storage/list-dirs"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_request_is_for_one_operation_at_most() {
        let mut seen = BTreeSet::new();
        for operation in all() {
            assert!(seen.insert((operation.method, operation.path)));
        }
        for (method, path, found) in [
            ("GET", "/", Some("/")),
            ("GET", "/settings", Some("/settings")),
            ("GET", "/settings/", None),
            ("GET", "//settings", None),
            ("GET", "", None),
            ("get", "/settings", None),
            (
                "POST",
                "/history/7/rollback",
                Some("/history/{number}/rollback"),
            ),
            ("POST", "/history//rollback", None),
            ("POST", "/history/7", None),
            ("POST", "/history/7/rollback/", None),
        ] {
            let matching: Vec<_> = all().filter(|o| o.takes(method, path)).collect();
            assert!(matching.len() <= 1, "{method} {path}");
            assert_eq!(matching.first().map(|o| o.path), found, "{method} {path}");
        }
    }
}
