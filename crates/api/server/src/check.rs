//! What a commit and an application of it would do, without doing it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use settings_render::Declarations;
use settings_store::Change;
use similar::TextDiff;

use crate::answer;
use crate::request::Request;
use crate::state::{State, blocking};
use crate::transactions::described;

/// A configuration file that a change concerns.
#[derive(Debug, PartialEq, Serialize)]
struct File<'a> {
    name: &'a str,
    path: &'a Path,
    /// Whether it would have another content.
    changed: bool,
    /// How that differs, in the unified format of diff(1).
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
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
            // What cannot be rendered now is not on the node either.
            let was = declarations.render(before, name).unwrap_or_default();
            let (diff, error) = match declarations.render(after, name) {
                Ok(will_be) => (difference(&declared.path, &was, &will_be), None),
                Err(e) => (None, Some(e.to_string())),
            };
            Some(File {
                name,
                path: &declared.path,
                changed: diff.is_some(),
                diff,
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

fn difference(path: &Path, before: &str, after: &str) -> Option<String> {
    let path = path.display().to_string();
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().header(&path, &path).to_string();
    (!text.is_empty()).then_some(text)
}
