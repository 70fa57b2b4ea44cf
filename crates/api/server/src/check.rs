//! What a commit and an application of it would do, without doing it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use settings_render::Declarations;
use settings_store::Change;

use crate::answer;
use crate::request::Request;
use crate::state::{State, blocking};
use crate::transactions::described;

/// A configuration file that a change concerns.
#[derive(Debug, PartialEq, Serialize)]
struct File<'a> {
    name: &'a str,
    path: &'a std::path::Path,
    /// Whether it would have another content.
    changed: bool,
    /// That content.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Why it cannot be rendered.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// `POST /tx/check`
pub(crate) async fn check(state: &Arc<State>, request: &Request) -> answer::Result {
    let transaction = request.parameters()?.transaction()?;
    let live = state.live();
    let (after, changes) = live.check(&transaction)?;
    let state = Arc::clone(state);
    blocking(move || {
        let outlook = outlook(&state.declarations, &live.effective(), &after, &changes);
        answer::json(&outlook)
    })
    .await
}

/// Renders the files of the services that the changes affect, from the
/// settings before and after.
fn outlook(
    declarations: &Declarations,
    before: &Value,
    after: &Value,
    changes: &[Change],
) -> Value {
    let metadata = declarations.metadata();
    let affected: BTreeSet<&str> = changes
        .iter()
        .flat_map(|change| metadata.affected_services(change.key.segments()))
        .collect();
    let services: BTreeMap<_, _> = affected
        .into_iter()
        .filter_map(|name| Some((name, metadata.services.get(name)?)))
        .collect();
    let names: BTreeSet<&String> = services
        .values()
        .flat_map(|service| &service.configuration_files)
        .collect();
    let files: Vec<File<'_>> = names
        .into_iter()
        .filter_map(|name| {
            let declared = metadata.configuration_files.get(name)?;
            let was = declarations.render(before, name).ok();
            let (content, error) = match declarations.render(after, name) {
                Ok(content) => (Some(content), None),
                Err(e) => (None, Some(e.to_string())),
            };
            let changed = content.is_some() && content != was;
            Some(File {
                name,
                path: &declared.path,
                changed,
                content: content.filter(|_| changed),
                error,
            })
        })
        .collect();
    let changed: BTreeSet<&str> = files.iter().filter(|f| f.changed).map(|f| f.name).collect();
    let restarted: Vec<Value> = services
        .iter()
        .filter(|(_, service)| {
            let mut files = service.configuration_files.iter();
            files.any(|file| changed.contains(file.as_str()))
        })
        .map(|(name, service)| json!({"name": name, "restart-commands": service.restart_commands}))
        .collect();
    json!({"changes": described(changes), "files": files, "services": restarted})
}
