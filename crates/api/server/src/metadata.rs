//! What the image declares: services, configuration files, and what settings
//! have to do with them.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use settings_model::Key;
use settings_render::{Generator, Strength};

use crate::answer::{self, Failure};
use crate::request::{Parameters, Request};
use crate::state::State;

/// `GET /services`
pub(crate) fn services(state: &State, request: &Request) -> answer::Result {
    let parameters = request.parameters()?;
    select(
        &state.declarations.metadata().services,
        "service",
        &parameters,
    )
}

/// `GET /configuration-files`
pub(crate) fn configuration_files(state: &State, request: &Request) -> answer::Result {
    let files = &state.declarations.metadata().configuration_files;
    select(files, "configuration file", &request.parameters()?)
}

/// All that is declared, or what is named, or whose name starts with a prefix.
fn select<T: Serialize>(
    declared: &BTreeMap<String, T>,
    what: &str,
    parameters: &Parameters,
) -> answer::Result {
    if let Some(names) = parameters.get("names")? {
        let one = |name: &str| match declared.get_key_value(name) {
            Some(found) => Ok(found),
            None => Err(Failure::new(
                StatusCode::NOT_FOUND,
                format!("there is no {what} `{}`", name.escape_debug()),
            )),
        };
        let named = names.split(',').map(one);
        return answer::json(&named.collect::<Result<BTreeMap<_, _>, _>>()?);
    }
    let prefix = parameters.get("prefix")?.unwrap_or_default();
    let named = declared.iter().filter(|(name, _)| name.starts_with(prefix));
    answer::json(&named.collect::<BTreeMap<_, _>>())
}

/// `GET /metadata/affected-services`
pub(crate) fn affected_services(state: &State, request: &Request) -> answer::Result {
    let metadata = state.declarations.metadata();
    about_keys(request, |key| {
        let services = metadata.affected_services(key.segments());
        (!services.is_empty()).then(|| json!(services))
    })
}

/// `GET /metadata/templates`
pub(crate) fn templates(state: &State, request: &Request) -> answer::Result {
    let metadata = state.declarations.metadata();
    about_keys(request, |key| {
        metadata.template(key.segments()).map(Value::from)
    })
}

/// What is known about each of some keys; those without it are left out.
fn about_keys(request: &Request, known: impl Fn(&Key) -> Option<Value>) -> answer::Result {
    let keys = request.parameters()?.some_keys()?;
    let known = keys
        .iter()
        .filter_map(|key| Some((key.with_prefix(), known(key)?)));
    answer::json(&known.collect::<BTreeMap<_, _>>())
}

/// `GET /metadata/setting-generators`
pub(crate) fn setting_generators(state: &State) -> answer::Result {
    let generators = state.declarations.metadata().setting_generators();
    let named = generators
        .iter()
        .map(|(key, generator)| (key.with_prefix(), describe(generator)));
    answer::json(&named.collect::<BTreeMap<_, _>>())
}

/// A weak generator says so; of another, the command is all there is to say.
fn describe(generator: &Generator) -> Value {
    match generator.strength {
        Strength::Strong => json!(generator.command),
        Strength::Weak => json!({"command": generator.command, "strength": "weak"}),
    }
}
