//! Taking one step, so that it can be taken back.

use std::collections::BTreeMap;

use crate::payload::{Aside, Entries, Kept, Layers, Setting};
use crate::{Direction, Step};

/// Takes a step in every layer. `kept` is what the step in the other direction
/// set aside; returns what this one does.
pub(crate) fn pass(step: &Step, direction: Direction, layers: &mut Layers, mut kept: Kept) -> Kept {
    // A layer that is gone comes back with what was set aside of it.
    for layer in kept.keys() {
        layers.entry(layer.clone()).or_default();
    }
    let mut set_aside = Kept::new();
    layers.retain(|layer, entries| {
        let known = kept.remove(layer).unwrap_or_default();
        let (after, aside) = pass_layer(step, direction, layer, std::mem::take(entries), known);
        *entries = after;
        // The way back makes a layer again that has lost all it had.
        let stays = aside.is_empty() || !entries.is_empty();
        if !aside.is_empty() {
            set_aside.insert(layer.clone(), aside);
        }
        stays
    });
    set_aside
}

fn pass_layer(
    step: &Step,
    direction: Direction,
    layer: &str,
    mut before: Entries,
    known: BTreeMap<String, Aside>,
) -> (Entries, BTreeMap<String, Aside>) {
    let mut after = Entries::new();
    let mut aside = BTreeMap::new();
    for (key, Aside { entry, became }) in known {
        if let Some(became) = became {
            // Changed or unset since: what was done last counts.
            if before.get(&became.key) != Some(&entry.with(became.value)) {
                continue;
            }
            before.remove(&became.key);
        }
        after.insert(key, entry);
    }
    let became = |key: &str, value: &serde_json::Value| step.becomes(direction, layer, key, value);
    // What gets a new name goes before what is in its place already: that was
    // unknown to the version it comes from.
    let (stays, moves): (Vec<_>, Vec<_>) = before
        .into_iter()
        .map(|(key, entry)| (became(&key, entry.value()), key, entry))
        .partition(|(became, key, _)| became.as_ref().is_some_and(|b| b.key == *key));
    for (became, key, entry) in moves.into_iter().chain(stays) {
        let Some(became) = became.filter(|b| !after.contains_key(&b.key)) else {
            aside.insert(
                key,
                Aside {
                    entry,
                    became: None,
                },
            );
            continue;
        };
        let back = step.becomes(direction.reverse(), layer, &became.key, &became.value);
        after.insert(became.key.clone(), entry.with(became.value.clone()));
        let original = Setting {
            key: key.clone(),
            value: entry.value().clone(),
        };
        if back != Some(original) {
            aside.insert(
                key,
                Aside {
                    entry,
                    became: Some(became),
                },
            );
        }
    }
    (after, aside)
}
