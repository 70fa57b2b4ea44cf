//! User data on a workstation, held against what a node would hold it against.

use apiclient::user_data::{self, Document};
use serde_json::Value;
use settings_model::{Variant, tree};
use settings_render::Declarations;

use crate::failure::Failure;

/// After this many faults in one document, a person has enough to do.
const MAX_FAULTS: usize = 20;

/// The settings that a node of `variant` would have with user data, later
/// documents on top: defaults below, and every rule kept. Else all that is
/// wrong with the documents.
///
/// A setting that the node finds out itself may be missing.
pub fn settings(
    variant: &Variant,
    declarations: &Declarations,
    documents: &[Document],
) -> Result<Value, Failure> {
    let mut settings = declarations.defaults().clone();
    let mut faults = Vec::new();
    for document in documents {
        match normalised(variant, document) {
            Ok(normal) => tree::merge(&mut settings, &normal),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() {
        // Of half a configuration, rules would tell nonsense.
        let broken = variant.model.broken_rules(&settings);
        let broken = broken.unwrap_or_else(|fault| vec![fault]);
        let broken = broken
            .iter()
            .filter(|fault| !is_still_to_come(declarations, &settings, fault));
        faults.extend(broken.map(|fault| in_its_document(documents, fault)));
    }
    match faults.len() {
        0 => Ok(settings),
        1 => Err(faults.remove(0)),
        _ => Err(Failure::Several(faults)),
    }
}

/// Whether a generator may yet set what a rule misses.
fn is_still_to_come(
    declarations: &Declarations,
    settings: &Value,
    fault: &settings_model::Error,
) -> bool {
    user_data::setting(fault.key()).is_some_and(|key| {
        let generators = declarations.metadata().setting_generators();
        generators.contains_key(&key) && tree::get(settings, &key).is_none()
    })
}

/// The settings of one document in the form they are stored in, or what is
/// wrong with them, by their place.
fn normalised(variant: &Variant, document: &Document) -> Result<Value, Vec<Failure>> {
    let mut rest = document.settings().clone();
    let mut faults = Vec::new();
    while faults.len() < MAX_FAULTS {
        let fault = match variant.model.normalise(&rest) {
            Ok(normal) if faults.is_empty() => return Ok(normal),
            Ok(_) => break,
            Err(fault) => fault,
        };
        faults.push((
            document.fault(fault.to_string()),
            fault.hint().map(str::to_owned),
        ));
        // Without what is wrong, the next fault comes to light.
        let removed = user_data::setting(fault.key()).and_then(|key| tree::unset(&mut rest, &key));
        if removed.is_none() {
            break;
        }
    }
    faults.sort_by_key(|(error, _)| error.position());
    Err(faults
        .into_iter()
        .map(|(error, hint)| Failure::from(error).or_hint(hint))
        .collect())
}

/// A rule is broken by what several documents and the defaults say together.
/// The last document that has the setting is where to mend it.
fn in_its_document(documents: &[Document], fault: &settings_model::Error) -> Failure {
    let key = user_data::setting(fault.key());
    let known = |document: &&Document| {
        let names = key.iter().flat_map(|key| key.segments());
        let depth = names
            .scan(Some(document.settings()), |place, name| {
                *place = place.and_then(|place| place.get(name));
                *place
            })
            .count();
        // Of several that know as much, `max_by_key` takes the last.
        depth
    };
    let failure = match documents.iter().max_by_key(known) {
        Some(document) => Failure::from(document.fault(fault.to_string())),
        None => Failure::new(fault.to_string()),
    };
    failure.or_hint(fault.hint().map(str::to_owned))
}
