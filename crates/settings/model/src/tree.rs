//! Trees of settings: objects inside objects, whose leaves are scalars or
//! lists. A list is one value, whatever it holds. `null` means "not set", and
//! so does an object without leaves.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Key;
use crate::key;

/// The leaves of a tree by their keys, in the order of the keys.
pub type Leaves = BTreeMap<Key, Value>;

/// Takes a tree apart. The opposite of [`nest`].
pub fn flatten(tree: &Value) -> Result<Leaves, key::Error> {
    let mut leaves = Leaves::new();
    collect(tree, &mut Vec::new(), &mut leaves)?;
    Ok(leaves)
}

fn collect<'a>(
    tree: &'a Value,
    path: &mut Vec<&'a str>,
    leaves: &mut Leaves,
) -> Result<(), key::Error> {
    match tree {
        Value::Null => {}
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name);
                collect(member, path, leaves)?;
                path.pop();
            }
        }
        leaf => {
            leaves.insert(Key::new(path.iter().copied())?, leaf.clone());
        }
    }
    Ok(())
}

/// Puts a tree together of leaves. Where one key lies below another, the later
/// one in the given order wins.
pub fn nest<'a>(leaves: impl IntoIterator<Item = (&'a Key, &'a Value)>) -> Value {
    let mut tree = Value::Object(Map::new());
    for (key, value) in leaves {
        set(&mut tree, key, value.clone());
    }
    tree
}

/// Sets one leaf, in place of whatever is in its way.
pub fn set(tree: &mut Value, key: &Key, value: Value) {
    let mut place = tree;
    for segment in key.segments() {
        place = members(place)
            .entry(segment.as_str())
            .or_insert(Value::Null);
    }
    *place = value;
}

fn members(tree: &mut Value) -> &mut Map<String, Value> {
    if !tree.is_object() {
        *tree = Value::Object(Map::new());
    }
    match tree {
        Value::Object(members) => members,
        _ => unreachable!("made an object above"),
    }
}

/// The leaf or branch a key names.
pub fn get<'a>(tree: &'a Value, key: &Key) -> Option<&'a Value> {
    key.segments()
        .iter()
        .try_fold(tree, |place, segment| place.as_object()?.get(segment))
}

/// Removes the leaf or branch a key names, and the branches that are empty
/// without it. Returns what was removed.
pub fn unset(tree: &mut Value, key: &Key) -> Option<Value> {
    remove(tree, key.segments())
}

fn remove(tree: &mut Value, segments: &[String]) -> Option<Value> {
    let (first, rest) = segments.split_first()?;
    let members = tree.as_object_mut()?;
    if rest.is_empty() {
        return members.remove(first);
    }
    let member = members.get_mut(first)?;
    let removed = remove(member, rest)?;
    if member.as_object().is_some_and(Map::is_empty) {
        members.remove(first);
    }
    Some(removed)
}

/// Lays a tree over another: its leaves replace what is below them.
pub fn merge(below: &mut Value, above: &Value) {
    match above {
        Value::Null => {}
        Value::Object(members_above) => {
            for (name, member) in members_above {
                if has_leaf(member) {
                    merge(
                        members(below).entry(name.as_str()).or_insert(Value::Null),
                        member,
                    );
                }
            }
        }
        leaf => *below = leaf.clone(),
    }
}

fn has_leaf(tree: &Value) -> bool {
    match tree {
        Value::Null => false,
        Value::Object(members) => members.values().any(has_leaf),
        _ => true,
    }
}

/// Removes what means "not set". The root stays, as an empty object at least.
pub fn prune(tree: &mut Value) {
    if let Value::Object(members) = tree {
        members.retain(|_, member| {
            prune(member);
            has_leaf(member)
        });
    }
}

/// The part of a tree whose leaves have a written key that starts with a text,
/// which may end in the middle of a name.
pub fn with_prefix(tree: &Value, prefix: &str) -> Result<Value, key::Error> {
    let leaves = flatten(tree)?;
    Ok(nest(
        leaves
            .iter()
            .filter(|(key, _)| key.to_string().starts_with(prefix)),
    ))
}
